#include "certs/request.h"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <sys/stat.h>
#include <unistd.h>

#include "certs/names.h"
#include "certs/write.h"

namespace certs {
namespace {

using RequestPtr = std::unique_ptr<X509_REQ, Deleter<X509_REQ_free>>;
void free_extensions(STACK_OF(X509_EXTENSION) * all) { sk_X509_EXTENSION_pop_free(all, X509_EXTENSION_free); }
using ExtensionsPtr = std::unique_ptr<STACK_OF(X509_EXTENSION), Deleter<free_extensions>>;

std::string ascii_of(const PeerName& name) { return std::string(name.ascii.empty() ? name.domain : name.ascii); }

/// RFC 6120 section 13.7.1.2.1.
bool add_names(GENERAL_NAMES& all, const Wanted& wanted) {
  bool good = true;
  for (const PeerName& name : wanted.names) good = good && add_name(all, NameKind::dns, ascii_of(name));
  for (const PeerName& name : wanted.names) {
    if (wanted.dns_only) break;
    good = good && add_name(all, NameKind::srv, "_xmpp-server." + ascii_of(name));
    if (&name == &wanted.names.front()) good = good && add_name(all, NameKind::srv, "_xmpp-client." + ascii_of(name));
    good = good && add_name(all, NameKind::xmpp, name.domain);
  }
  return good;
}

bool add_extensions(X509_REQ& request, const Wanted& wanted) {
  const NamesPtr names(GENERAL_NAMES_new());
  if (names == nullptr || !add_names(*names, wanted)) return false;
  STACK_OF(X509_EXTENSION)* made = nullptr;
  const bool good = X509V3_add1_i2d(&made, NID_subject_alt_name, names.get(), 0, X509V3_ADD_APPEND) == 1;
  const ExtensionsPtr extensions(made);
  return good && X509_REQ_add_extensions(&request, extensions.get()) == 1;
}

RequestPtr signed_request(EVP_PKEY& key, const Wanted& wanted) {
  RequestPtr made(X509_REQ_new());
  constexpr std::size_t longest_common_name = 64;
  const std::string common = ascii_of(wanted.names.front());
  const bool named = made != nullptr && common.size() <= longest_common_name;  // else the subject is left empty
  const bool good =
      made != nullptr && X509_REQ_set_version(made.get(), X509_REQ_VERSION_1) == 1 &&
      (!named || X509_NAME_add_entry_by_NID(X509_REQ_get_subject_name(made.get()), NID_commonName, MBSTRING_UTF8,
                                            reinterpret_cast<const unsigned char*>(common.data()),
                                            static_cast<int>(common.size()), -1, 0) == 1) &&
      add_extensions(*made, wanted) && X509_REQ_set_pubkey(made.get(), &key) == 1 &&
      X509_REQ_sign(made.get(), &key, EVP_sha256()) > 0;
  return good ? std::move(made) : nullptr;
}

bool exists(const std::string& path) {
  struct stat info{};
  return lstat(path.c_str(), &info) == 0;
}

}  // namespace

RequestFiles request_files(const Files& pair) {
  const auto slash = pair.certificate.rfind('/');
  const auto dot = pair.certificate.rfind('.');
  const std::size_t name = slash == std::string::npos ? 0 : slash + 1;
  const bool has_ending = dot != std::string::npos && dot > name;
  const std::string stem = has_ending ? pair.certificate.substr(0, dot) : pair.certificate;
  return {stem + ".csr", stem + ".request.key"};
}

base::Result<void> create_request(const Wanted& wanted, const RequestFiles& files) {
  if (wanted.names.empty()) return base::failure("creating a request: no host given");
  for (const std::string& path : {files.key, files.request}) {
    if (exists(path))
      return base::failure(path + " is there already, of an earlier request; use that one, or move it away");
  }
  const KeyPtr key(EVP_EC_gen("P-256"));
  const RequestPtr request = key != nullptr ? signed_request(*key, wanted) : nullptr;
  const BioPtr text(BIO_new(BIO_s_mem()));
  if (request == nullptr || text == nullptr || PEM_write_bio_X509_REQ(text.get(), request.get()) != 1)
    return base::failure("creating a request for " + ascii_of(wanted.names.front()) + ": " + openssl_error());
  const auto written = write_key(files.key, *key);
  if (!written) return written;
  auto all = write_whole(files.request, text_of(*text), 0644);
  if (!all) unlink(files.key.c_str());
  return all;
}

}  // namespace certs
