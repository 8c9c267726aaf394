#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include "certs/names.h"
#include "certs/pair.h"
#include "certs/write.h"

namespace certs {
namespace {

bool set_serial(X509& certificate) {
  unsigned char bytes[16];
  if (RAND_bytes(bytes, sizeof bytes) != 1) return false;
  bytes[0] &= 0x7f;  // a serial number is positive
  BIGNUM* number = BN_bin2bn(bytes, sizeof bytes, nullptr);
  const bool good = number != nullptr && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(&certificate)) != nullptr;
  BN_free(number);
  return good;
}

/// Built by hand: the text form of extensions would read a comma in a host as syntax.
bool set_alternative_names(X509& certificate, const std::vector<std::string>& hosts) {
  const NamesPtr names(GENERAL_NAMES_new());
  if (names == nullptr) return false;
  for (const std::string& host : hosts)
    if (!add_name(*names, NameKind::dns, host)) return false;
  return X509_add1_ext_i2d(&certificate, NID_subject_alt_name, names.get(), 0, X509V3_ADD_REPLACE) == 1;
}

/// The first host is also the common name.
CertPtr signed_by_itself(EVP_PKEY& key, const std::vector<std::string>& hosts, base::WallTime now, int days) {
  CertPtr made(X509_new());
  if (made == nullptr) return nullptr;
  X509& certificate = *made;
  std::time_t start = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
  X509_NAME* subject = X509_get_subject_name(&certificate);
  constexpr std::size_t longest_common_name = 64;
  const std::string common = hosts.front().substr(0, longest_common_name);
  const bool good = X509_set_version(&certificate, X509_VERSION_3) == 1 && set_serial(certificate) &&
                    // an hour back, for peers whose clock is late
                    X509_time_adj_ex(X509_getm_notBefore(&certificate), 0, -3600, &start) != nullptr &&
                    X509_time_adj_ex(X509_getm_notAfter(&certificate), days, 0, &start) != nullptr &&
                    X509_NAME_add_entry_by_NID(subject, NID_commonName, MBSTRING_UTF8,
                                               reinterpret_cast<const unsigned char*>(common.data()),
                                               static_cast<int>(common.size()), -1, 0) == 1 &&
                    X509_set_issuer_name(&certificate, subject) == 1 && set_alternative_names(certificate, hosts) &&
                    X509_set_pubkey(&certificate, &key) == 1 && X509_sign(&certificate, &key, EVP_sha256()) > 0;
  return good ? std::move(made) : nullptr;
}

}  // namespace

base::Result<void> create_self_signed(std::string_view host, const Files& files, base::WallTime now, int days,
                                      const std::vector<std::string>& also) {
  if (host.empty()) return base::failure("creating a certificate: no host given");
  std::vector<std::string> hosts{std::string(host)};
  hosts.insert(hosts.end(), also.begin(), also.end());
  const KeyPtr key(EVP_EC_gen("P-256"));
  const CertPtr certificate = key != nullptr ? signed_by_itself(*key, hosts, now, days) : nullptr;
  const BioPtr text(BIO_new(BIO_s_mem()));
  if (certificate == nullptr || text == nullptr || PEM_write_bio_X509(text.get(), certificate.get()) != 1)
    return base::failure("creating a certificate for " + std::string(host) + ": " + openssl_error());
  const auto written = write_key(files.key, *key);
  if (!written) return written;
  return write_whole(files.certificate, text_of(*text), 0644);
}

}  // namespace certs
