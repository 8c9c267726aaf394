#include "certs/pair.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <ctime>
#include <fstream>
#include <iterator>
#include <span>

#include "base/hex.h"

namespace certs {
namespace {

/// OpenSSL would ask on the terminal; a server has none.
int no_passphrase(char*, int, int, void*) { return -1; }

std::optional<std::string> read_file(const std::string& path, std::vector<Problem>& problems) {
  struct stat info{};
  if (stat(path.c_str(), &info) != 0) {
    const bool absent = errno == ENOENT || errno == ENOTDIR;
    problems.push_back({absent ? Fault::missing : Fault::unreadable, path,
                        absent ? "no such file" : std::string("cannot be read: ") + std::strerror(errno)});
    return std::nullopt;
  }
  std::ifstream in(path, std::ios::binary);
  if (!S_ISREG(info.st_mode) || !in) {
    const char* why = S_ISREG(info.st_mode) ? std::strerror(errno) : "not a regular file";
    problems.push_back({Fault::unreadable, path, std::string("cannot be read: ") + why});
    return std::nullopt;
  }
  return std::string(std::istreambuf_iterator<char>(in), {});
}

BioPtr memory(const std::string& bytes) {
  return BioPtr(BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())));
}

void parse_chain(const std::string& pem, Pair& pair) {
  const BioPtr bio = memory(pem);
  pair.certificate.reset(PEM_read_bio_X509(bio.get(), nullptr, no_passphrase, nullptr));
  while (pair.certificate != nullptr) {
    CertPtr next(PEM_read_bio_X509(bio.get(), nullptr, no_passphrase, nullptr));
    if (next == nullptr) break;
    pair.chain.push_back(std::move(next));
  }
  ERR_clear_error();
}

void judge_key(const Files& files, const Pair& pair, std::vector<Problem>& problems) {
  const int kind = EVP_PKEY_get_base_id(pair.key.get());
  if (kind != EVP_PKEY_EC && kind != EVP_PKEY_RSA) {
    problems.push_back({Fault::unsupported_key, files.key, "the key is neither ECDSA nor RSA"});
  } else if (pair.certificate != nullptr && X509_check_private_key(pair.certificate.get(), pair.key.get()) != 1) {
    problems.push_back({Fault::key_mismatch, files.key, "the key does not match " + files.certificate});
  }
  ERR_clear_error();
}

}  // namespace

std::optional<Pair> load_pair(const Files& files, std::string_view host, base::WallTime now,
                              std::vector<Problem>& problems) {
  const std::size_t before = problems.size();
  Pair pair;
  if (const auto pem = read_file(files.certificate, problems)) {
    parse_chain(*pem, pair);
    if (pair.certificate == nullptr) {
      problems.push_back({Fault::no_certificate, files.certificate, "holds no certificate in PEM"});
    }
  }
  if (auto pem = read_file(files.key, problems)) {
    pair.key.reset(PEM_read_bio_PrivateKey(memory(*pem).get(), nullptr, no_passphrase, nullptr));
    OPENSSL_cleanse(pem->data(), pem->size());
    ERR_clear_error();
    if (pair.key == nullptr) {
      problems.push_back({Fault::no_key, files.key, "holds no private key in PEM, or one with a passphrase"});
    } else {
      judge_key(files, pair, problems);
    }
  }
  if (problems.size() != before) return std::nullopt;
  if (expiry(*pair.certificate) <= now) {
    problems.push_back({Fault::expired, files.certificate, "the certificate has expired"});
  }
  if (!names_host(*pair.certificate, host)) {
    problems.push_back(
        {Fault::host_not_named, files.certificate, "the certificate does not name " + std::string(host)});
  }
  return pair;
}

base::WallTime expiry(const X509& certificate) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(X509_get0_notAfter(&certificate), &parts) != 1) return base::WallTime{};
  return base::WallTime(std::chrono::seconds(timegm(&parts)));
}

bool names_host(const X509& certificate, std::string_view host) {
  // OpenSSL 3.0 takes it as not const and only fills its cache of extensions, under its own lock.
  return X509_check_host(const_cast<X509*>(&certificate), host.data(), host.size(),
                         X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT, nullptr) == 1;
}

std::string end_point_hash(const X509& certificate) {
  int hash = NID_undef;
  X509_get_signature_info(const_cast<X509*>(&certificate), &hash, nullptr, nullptr, nullptr);
  if (hash == NID_undef || hash == NID_md5 || hash == NID_sha1 || hash == NID_md5_sha1) hash = NID_sha256;
  const EVP_MD* digest = EVP_get_digestbynid(hash);
  unsigned char out[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  if (digest == nullptr || X509_digest(&certificate, digest, out, &size) != 1) return {};
  return std::string(reinterpret_cast<const char*>(out), size);
}

std::string fingerprint(const X509& certificate) {
  unsigned char out[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  if (X509_digest(&certificate, EVP_sha256(), out, &size) != 1) return {};
  return base::hex(std::span(out, size));
}

std::string key_fingerprint(const X509& certificate) {
  unsigned char* key = nullptr;
  const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(&certificate), &key);
  if (size <= 0) return {};
  unsigned char out[EVP_MAX_MD_SIZE];
  unsigned int hashed = 0;
  const bool good = EVP_Digest(key, static_cast<std::size_t>(size), out, &hashed, EVP_sha256(), nullptr) == 1;
  OPENSSL_free(key);
  return good ? base::hex(std::span(out, hashed)) : std::string();
}

}  // namespace certs
