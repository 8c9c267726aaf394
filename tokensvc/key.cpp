#include "tokensvc/key.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <sodium.h>

#include <nlohmann/json.hpp>

#include "base/base64.h"
#include "base/check.h"
#include "certs/openssl.h"
#include "tokensvc/signature.h"
#include "tokensvc/signer.h"

namespace tokensvc {
namespace {

constexpr std::pair<Algorithm, std::string_view> kNames[] = {
    {Algorithm::hs256, "HS256"}, {Algorithm::hs384, "HS384"}, {Algorithm::hs512, "HS512"}, {Algorithm::rs256, "RS256"},
    {Algorithm::rs512, "RS512"}, {Algorithm::es256, "ES256"}, {Algorithm::eddsa, "EdDSA"}};

constexpr std::size_t kMaxIdBytes = 128;
constexpr std::size_t kMaxPemBytes = 64 * 1024;

certs::BioPtr reading(std::string_view bytes) {
  return certs::BioPtr(BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())));
}

/// Otherwise OpenSSL would ask at the terminal.
int no_password(char*, int, int, void*) { return -1; }

base::Result<void> check_id(Algorithm algorithm, std::string_view id) {
  if (id.empty() && !is_symmetric(algorithm)) return base::failure("a key that others verify with needs an id (kid)");
  if (id.size() > kMaxIdBytes) return base::failure("a key's id is too long; 128 bytes at most");
  return {};
}

}  // namespace

std::string_view to_string(Algorithm algorithm) {
  for (const auto& [value, name] : kNames)
    if (value == algorithm) return name;
  base::check(false, "a known algorithm");
  return {};
}

std::optional<Algorithm> parse_algorithm(std::string_view name) {
  for (const auto& [value, known] : kNames)
    if (known == name) return value;
  return std::nullopt;
}

bool is_symmetric(Algorithm algorithm) { return algorithm <= Algorithm::hs512; }

Key::Key(Algorithm algorithm, std::string id) : algorithm_(algorithm), id_(std::move(id)) {
  nlohmann::ordered_json header = {{"alg", to_string(algorithm)}, {"typ", "JWT"}};
  if (!id_.empty()) header["kid"] = id_;
  header_ = base::base64url(header.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
}

base::Result<Key> Key::from_secret(Algorithm algorithm, std::string id, const base::Secret& secret) {
  if (!is_symmetric(algorithm)) return base::failure("a shared secret is for HS256, HS384 or HS512");
  if (auto good = check_id(algorithm, id); !good) return std::unexpected(good.error());
  if (secret.reveal().size() < kMinSecretBytes) return base::failure("the secret is too short; 32 bytes at least");
  if (secret.reveal().size() > kMaxPemBytes) return base::failure("the secret is too long; 65536 bytes at most");
  Key key(algorithm, std::move(id));
  key.secret_ = Locked(secret.reveal());
  return key;
}

base::Result<Key> Key::from_private_pem(Algorithm algorithm, std::string id, const base::Secret& pem) {
  if (is_symmetric(algorithm)) return base::failure("HS256, HS384 and HS512 need a shared secret, not a key pair");
  if (auto good = check_id(algorithm, id); !good) return std::unexpected(good.error());
  if (pem.reveal().size() > kMaxPemBytes) return base::failure("the private key's PEM is too long");
  const KeyPtr pair(PEM_read_bio_PrivateKey(reading(pem.reveal()).get(), nullptr, no_password, nullptr));
  ERR_clear_error();  // trying one format after the other leaves traces, where TLS would find them
  if (pair == nullptr) return base::failure("the private key is not PEM, or has a password");
  Key key(algorithm, std::move(id));
  if (auto good = key.suits(*pair); !good) return std::unexpected(good.error());
  key.secret_ = private_part(algorithm, *pair);
  if (!key.can_sign() || !key.keep_public(*pair)) return base::failure("the private key can't be used");
  // A file whose halves don't belong together would make tokens that nobody accepts.
  const auto signature = key.sign("a trial");
  if (!signature || !key.verify("a trial", *signature)) return base::failure("the private key contradicts itself");
  return key;
}

base::Result<Key> Key::from_public_pem(Algorithm algorithm, std::string id, std::string_view pem) {
  if (is_symmetric(algorithm)) return base::failure("HS256, HS384 and HS512 need a shared secret, not a public key");
  if (auto good = check_id(algorithm, id); !good) return std::unexpected(good.error());
  if (pem.size() > kMaxPemBytes) return base::failure("the public key's PEM is too long");
  const KeyPtr pair(PEM_read_bio_PUBKEY(reading(pem).get(), nullptr, no_password, nullptr));
  ERR_clear_error();
  if (pair == nullptr) return base::failure("the public key is not PEM");
  Key key(algorithm, std::move(id));
  if (auto good = key.suits(*pair); !good) return std::unexpected(good.error());
  if (!key.keep_public(*pair)) return base::failure("the public key can't be used");
  return key;
}

void FreeKey::operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }

base::Result<void> Key::suits(const EVP_PKEY& pair) const {
  const int type = EVP_PKEY_get_base_id(&pair);
  if (algorithm_ == Algorithm::eddsa) {
    if (type != EVP_PKEY_ED25519) return base::failure("EdDSA needs an Ed25519 key");
  } else if (algorithm_ == Algorithm::es256) {
    char curve[32] = {};
    std::size_t size = 0;
    const bool known = EVP_PKEY_get_group_name(&pair, curve, sizeof curve, &size) == 1;
    if (type != EVP_PKEY_EC || !known || std::string_view(curve) != "prime256v1")
      return base::failure("ES256 needs a key on the curve P-256");
  } else {
    const int bits = EVP_PKEY_get_bits(&pair);
    if (type != EVP_PKEY_RSA || bits < kMinRsaBits || bits > kMaxRsaBits)
      return base::failure("RS256 and RS512 need an RSA key of 2048 to 8192 bits");
  }
  return {};
}

bool Key::keep_public(const EVP_PKEY& pair) {
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(&pair, &der);
  const unsigned char* at = der;
  if (size > 0) public_.reset(d2i_PUBKEY(nullptr, &at, size));
  OPENSSL_free(der);
  return public_ != nullptr;
}

base::Result<std::string> Key::sign(std::string_view text) const { return Signer(*this).sign(text); }

bool Key::verify(std::string_view text, std::string_view signature) const {
  if (is_symmetric(algorithm_)) return base::equal_secrets(hmac(algorithm_, secret_.reveal(), text), signature);
  return verify_with(algorithm_, *public_, text, signature);
}

std::optional<std::string> Key::public_pem() const {
  if (public_ == nullptr) return std::nullopt;
  const certs::BioPtr bio(BIO_new(BIO_s_mem()));
  if (bio == nullptr || PEM_write_bio_PUBKEY(bio.get(), public_.get()) != 1) return std::nullopt;
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return std::string(data, static_cast<std::size_t>(size));
}

std::optional<std::string> Key::public_jwk() const {
  if (public_ == nullptr) return std::nullopt;
  nlohmann::ordered_json jwk = {{"kty", nullptr}, {"kid", id_}, {"use", "sig"}, {"alg", to_string(algorithm_)}};
  const auto put = [&](const char* name, const std::string& bytes) { jwk[name] = base::base64url(bytes); };
  if (algorithm_ == Algorithm::eddsa) {  // RFC 8037 2
    jwk["kty"] = "OKP";
    jwk["crv"] = "Ed25519";
    put("x", raw_public(*public_));
  } else if (algorithm_ == Algorithm::es256) {  // RFC 7518 6.2
    jwk["kty"] = "EC";
    jwk["crv"] = "P-256";
    put("x", number_of(*public_, PublicNumber::x));
    put("y", number_of(*public_, PublicNumber::y));
  } else {  // RFC 7518 6.3
    jwk["kty"] = "RSA";
    put("n", number_of(*public_, PublicNumber::n));
    put("e", number_of(*public_, PublicNumber::e));
  }
  return jwk.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

std::string Key::asap_name() const {
  unsigned char hash[crypto_hash_sha256_BYTES];
  crypto_hash_sha256(hash, reinterpret_cast<const unsigned char*>(id_.data()), id_.size());
  char name[2 * sizeof hash + 1];
  sodium_bin2hex(name, sizeof name, hash, sizeof hash);
  return name;
}

}  // namespace tokensvc
