#include <fcntl.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "certs/pair.h"

namespace certs {
namespace {

using NamesPtr = std::unique_ptr<GENERAL_NAMES, Deleter<GENERAL_NAMES_free>>;

base::Result<void> write_whole(const std::string& path, std::string_view bytes, mode_t mode) {
  const std::string aside = path + ".new";
  unlink(aside.c_str());  // left by a crash; O_EXCL below keeps anybody else's link out
  const int file = open(aside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  if (file < 0) return base::failure("writing " + aside + ": " + std::strerror(errno));
  bool good = true;
  while (good && !bytes.empty()) {
    const ssize_t wrote = write(file, bytes.data(), bytes.size());
    if (wrote > 0) bytes.remove_prefix(static_cast<std::size_t>(wrote));
    good = wrote > 0 || (wrote < 0 && errno == EINTR);
  }
  good = good && fchmod(file, mode) == 0 && fsync(file) == 0;
  good = (close(file) == 0) && good;
  good = good && rename(aside.c_str(), path.c_str()) == 0;
  if (good) return {};
  const std::string why = std::strerror(errno);
  unlink(aside.c_str());
  return base::failure("writing " + path + ": " + why);
}

std::string text_of(BIO& bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(&bio, &data);
  return std::string(data, static_cast<std::size_t>(size));
}

bool set_serial(X509& certificate) {
  unsigned char bytes[16];
  if (RAND_bytes(bytes, sizeof bytes) != 1) return false;
  bytes[0] &= 0x7f;  // a serial number is positive
  BIGNUM* number = BN_bin2bn(bytes, sizeof bytes, nullptr);
  const bool good = number != nullptr && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(&certificate)) != nullptr;
  BN_free(number);
  return good;
}

bool add_name(GENERAL_NAMES& names, std::string_view host) {
  GENERAL_NAME* name = GENERAL_NAME_new();
  ASN1_IA5STRING* text = ASN1_IA5STRING_new();
  if (name == nullptr || text == nullptr || ASN1_STRING_set(text, host.data(), static_cast<int>(host.size())) != 1) {
    GENERAL_NAME_free(name);
    ASN1_IA5STRING_free(text);
    return false;
  }
  GENERAL_NAME_set0_value(name, GEN_DNS, text);
  if (sk_GENERAL_NAME_push(&names, name) != 0) return true;
  GENERAL_NAME_free(name);
  return false;
}

/// Built by hand: the text form of extensions would read a comma in a host as syntax.
bool set_alternative_names(X509& certificate, const std::vector<std::string>& hosts) {
  const NamesPtr names(GENERAL_NAMES_new());
  if (names == nullptr) return false;
  for (const std::string& host : hosts)
    if (!add_name(*names, host)) return false;
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
  const BioPtr key_text(BIO_new(BIO_s_secmem()));
  const BioPtr certificate_text(BIO_new(BIO_s_mem()));
  if (certificate == nullptr || key_text == nullptr || certificate_text == nullptr ||
      PEM_write_bio_PKCS8PrivateKey(key_text.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1 ||
      PEM_write_bio_X509(certificate_text.get(), certificate.get()) != 1) {
    return base::failure("creating a certificate for " + std::string(host) + ": " + openssl_error());
  }
  std::string secret = text_of(*key_text);
  auto written = write_whole(files.key, secret, 0600);
  OPENSSL_cleanse(secret.data(), secret.size());
  if (!written) return written;
  return write_whole(files.certificate, text_of(*certificate_text), 0644);
}

}  // namespace certs
