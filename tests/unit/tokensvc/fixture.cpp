#include <openssl/evp.h>
#include <openssl/pem.h>

#include <map>

#include "base/check.h"
#include "town.h"

namespace tokensvc {
namespace {

EVP_PKEY* generate(Algorithm algorithm) {
  if (algorithm == Algorithm::eddsa) return EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
  if (algorithm == Algorithm::es256) return EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256");
  return EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", std::size_t{2048});
}

std::string pem_of(EVP_PKEY* key) {
  BIO* bio = BIO_new(BIO_s_mem());
  base::check(PEM_write_bio_PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr) == 1, "a key is written");
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  std::string pem(data, static_cast<std::size_t>(size));
  BIO_free(bio);
  EVP_PKEY_free(key);
  return pem;
}

}  // namespace

const std::string& private_pem(Algorithm algorithm, int number) {
  static std::map<std::pair<Algorithm, int>, std::string> made;
  const Algorithm kind = algorithm == Algorithm::rs512 ? Algorithm::rs256 : algorithm;  // RSA keys take a while
  std::string& pem = made[{kind, number}];
  if (pem.empty()) pem = pem_of(generate(kind));
  return pem;
}

Key secret_key(Algorithm algorithm, std::string id, const std::string& secret) {
  return std::move(*Key::from_secret(algorithm, std::move(id), base::Secret(secret)));
}

Key key_of(Algorithm algorithm, std::string id, int number) {
  if (is_symmetric(algorithm)) return secret_key(algorithm, std::move(id));
  return std::move(*Key::from_private_pem(algorithm, std::move(id), base::Secret(private_pem(algorithm, number))));
}

Caller skotos() {
  return {
      .name = "skotos", .issuer = "skotos", .subject = "meet.example.test", .channels = {"*"}, .may_moderate = true};
}

}  // namespace tokensvc
