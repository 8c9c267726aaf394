#include "tokensvc/signature.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <array>
#include <memory>
#include <utility>

#include "base/check.h"
#include "certs/openssl.h"

namespace tokensvc {
namespace {

using certs::Deleter;
using Digest = std::unique_ptr<EVP_MD_CTX, Deleter<EVP_MD_CTX_free>>;
using EcSignature = std::unique_ptr<ECDSA_SIG, Deleter<ECDSA_SIG_free>>;
using Mac = std::unique_ptr<EVP_MAC_CTX, Deleter<EVP_MAC_CTX_free>>;
using Number = std::unique_ptr<BIGNUM, Deleter<BN_free>>;
using SecretNumber = std::unique_ptr<BIGNUM, Deleter<BN_clear_free>>;
using Making = std::unique_ptr<EVP_PKEY_CTX, Deleter<EVP_PKEY_CTX_free>>;

constexpr std::size_t kCoordinate = 32;  // RFC 7518 3.4: a signature of P-256 is two of these

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }
unsigned char* bytes_of(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

std::string_view view_of(const unsigned char* bytes, std::size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

/// Ed25519 hashes by itself.
const EVP_MD* hash_of(Algorithm algorithm) {
  switch (algorithm) {
    case Algorithm::hs256:
    case Algorithm::rs256:
    case Algorithm::es256: return EVP_sha256();
    case Algorithm::hs384: return EVP_sha384();
    case Algorithm::hs512:
    case Algorithm::rs512: return EVP_sha512();
    case Algorithm::eddsa: return nullptr;
  }
  return nullptr;
}

/// What failed on a peer's bytes must not stay behind in the thread's queue, where TLS would find it.
template <class T>
T forgetting_errors(T result) {
  ERR_clear_error();
  return result;
}

std::optional<std::string> from_der(const std::string& der) {
  const unsigned char* at = bytes_of(std::string_view(der));
  const EcSignature pair(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())));
  std::string both(2 * kCoordinate, '\0');
  if (pair == nullptr || BN_bn2binpad(ECDSA_SIG_get0_r(pair.get()), bytes_of(both), kCoordinate) < 0 ||
      BN_bn2binpad(ECDSA_SIG_get0_s(pair.get()), bytes_of(both) + kCoordinate, kCoordinate) < 0)
    return std::nullopt;
  return both;
}

std::optional<std::string> to_der(std::string_view both) {
  if (both.size() != 2 * kCoordinate) return std::nullopt;
  const EcSignature pair(ECDSA_SIG_new());
  Number r(BN_bin2bn(bytes_of(both), kCoordinate, nullptr));
  Number s(BN_bin2bn(bytes_of(both) + kCoordinate, kCoordinate, nullptr));
  if (pair == nullptr || r == nullptr || s == nullptr) return std::nullopt;
  ECDSA_SIG_set0(pair.get(), r.release(), s.release());
  std::string der(static_cast<std::size_t>(i2d_ECDSA_SIG(pair.get(), nullptr)), '\0');
  unsigned char* at = bytes_of(der);
  i2d_ECDSA_SIG(pair.get(), &at);
  return der;
}

/// From the private number in the machine's byte order, which OpenSSL reads where it lies.
KeyPtr open_p256(std::string_view part) {
  const Making making(EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr));
  std::string curve = "prime256v1";
  auto* number = const_cast<unsigned char*>(bytes_of(part));
  OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, curve.data(), 0),
                         OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_PRIV_KEY, number, part.size()),
                         OSSL_PARAM_construct_end()};
  EVP_PKEY* made = nullptr;
  const bool good = making != nullptr && EVP_PKEY_fromdata_init(making.get()) == 1 &&
                    EVP_PKEY_fromdata(making.get(), &made, EVP_PKEY_KEYPAIR, params) == 1;
  KeyPtr key(made);
  if (!good) key.reset();
  return forgetting_errors(std::move(key));
}

const char* parameter(PublicNumber which) {
  switch (which) {
    case PublicNumber::n: return OSSL_PKEY_PARAM_RSA_N;
    case PublicNumber::e: return OSSL_PKEY_PARAM_RSA_E;
    case PublicNumber::x: return OSSL_PKEY_PARAM_EC_PUB_X;
    case PublicNumber::y: return OSSL_PKEY_PARAM_EC_PUB_Y;
  }
  return nullptr;
}

/// One of this thread's, left by whoever had it last: to look up and make one takes longer than the MAC of a token.
/// Here it has no secret.
Mac& spare_context(Algorithm algorithm) {
  thread_local std::array<Mac, 3> contexts;
  return contexts.at(static_cast<std::size_t>(algorithm));
}

/// Null if memory ran out.
Mac new_context(Algorithm algorithm) {
  EVP_MAC* method = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
  std::string hash = EVP_MD_get0_name(hash_of(algorithm));
  const OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, hash.data(), hash.size()),
                               OSSL_PARAM_construct_end()};
  Mac made(EVP_MAC_CTX_new(method));
  EVP_MAC_free(method);
  if (made == nullptr || EVP_MAC_CTX_set_params(made.get(), params) != 1) return nullptr;
  return made;
}

}  // namespace

Hmac::Hmac(Hmac&& other) noexcept
    : algorithm_(other.algorithm_), secret_(other.secret_), context_(std::exchange(other.context_, nullptr)) {}

Hmac::~Hmac() {
  static constexpr std::string_view kNothing("a key that overwrites the one before");
  Mac used(context_);
  if (used != nullptr && EVP_MAC_init(used.get(), bytes_of(kNothing), kNothing.size(), nullptr) == 1)
    spare_context(algorithm_) = std::move(used);
}

std::string Hmac::of(std::string_view text) {
  const bool first = context_ == nullptr;
  if (first) {
    Mac& spare = spare_context(algorithm_);
    context_ = spare != nullptr ? spare.release() : new_context(algorithm_).release();
  }
  const std::string_view key = first ? secret_ : std::string_view();  // no key is the one before (EVP_MAC(3))
  std::string mac(EVP_MAX_MD_SIZE, '\0');
  std::size_t size = 0;
  const bool done = context_ != nullptr && EVP_MAC_init(context_, bytes_of(key), key.size(), nullptr) == 1 &&
                    EVP_MAC_update(context_, bytes_of(text), text.size()) == 1 &&
                    EVP_MAC_final(context_, bytes_of(mac), &size, mac.size()) == 1;
  base::check(done, "OpenSSL computes a MAC");
  mac.resize(size);
  return mac;
}

Locked private_part(Algorithm algorithm, const EVP_PKEY& pair) {
  Locked part;
  unsigned char raw[kCoordinate];
  if (algorithm == Algorithm::eddsa) {
    std::size_t size = sizeof raw;
    if (EVP_PKEY_get_raw_private_key(&pair, raw, &size) == 1) part = Locked(view_of(raw, size));
  } else if (algorithm == Algorithm::es256) {
    BIGNUM* got = nullptr;
    EVP_PKEY_get_bn_param(&pair, OSSL_PKEY_PARAM_PRIV_KEY, &got);
    const SecretNumber number(got);
    if (got != nullptr && BN_bn2nativepad(got, raw, sizeof raw) > 0) part = Locked(view_of(raw, sizeof raw));
  } else {
    unsigned char* der = nullptr;
    const int size = i2d_PrivateKey(&pair, &der);
    if (size > 0) part = Locked(view_of(der, static_cast<std::size_t>(size)));
    if (size > 0) OPENSSL_clear_free(der, static_cast<std::size_t>(size));
  }
  OPENSSL_cleanse(raw, sizeof raw);
  return forgetting_errors(std::move(part));
}

KeyPtr open_private(Algorithm algorithm, std::string_view part) {
  const unsigned char* at = bytes_of(part);
  if (algorithm == Algorithm::eddsa)
    return KeyPtr(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, at, part.size()));
  if (algorithm == Algorithm::es256) return open_p256(part);
  return forgetting_errors(KeyPtr(d2i_PrivateKey(EVP_PKEY_RSA, nullptr, &at, static_cast<long>(part.size()))));
}

std::optional<std::string> sign_with(Algorithm algorithm, EVP_PKEY& key, std::string_view text) {
  const Digest digest(EVP_MD_CTX_new());
  std::string signature(static_cast<std::size_t>(EVP_PKEY_get_size(&key)), '\0');
  std::size_t size = signature.size();
  const bool good = digest != nullptr &&
                    EVP_DigestSignInit(digest.get(), nullptr, hash_of(algorithm), nullptr, &key) == 1 &&
                    EVP_DigestSign(digest.get(), bytes_of(signature), &size, bytes_of(text), text.size()) == 1;
  if (!good) return forgetting_errors(std::nullopt);
  signature.resize(size);
  if (algorithm == Algorithm::es256) return from_der(signature);
  return signature;
}

bool verify_with(Algorithm algorithm, EVP_PKEY& key, std::string_view text, std::string_view signature) {
  std::optional<std::string> der;
  if (algorithm == Algorithm::es256) {
    der = to_der(signature);
    if (!der) return false;
    signature = *der;
  }
  const Digest digest(EVP_MD_CTX_new());
  const bool good =
      digest != nullptr && EVP_DigestVerifyInit(digest.get(), nullptr, hash_of(algorithm), nullptr, &key) == 1 &&
      EVP_DigestVerify(digest.get(), bytes_of(signature), signature.size(), bytes_of(text), text.size()) == 1;
  return forgetting_errors(good);
}

std::string number_of(const EVP_PKEY& key, PublicNumber which) {
  BIGNUM* got = nullptr;
  base::check(EVP_PKEY_get_bn_param(&key, parameter(which), &got) == 1, "a public key has its numbers");
  const Number number(got);
  const bool coordinate = which == PublicNumber::x || which == PublicNumber::y;
  std::string bytes(coordinate ? kCoordinate : static_cast<std::size_t>(BN_num_bytes(got)), '\0');
  BN_bn2binpad(got, bytes_of(bytes), static_cast<int>(bytes.size()));
  return bytes;
}

std::string raw_public(const EVP_PKEY& key) {
  std::string bytes(32, '\0');
  std::size_t size = bytes.size();
  base::check(EVP_PKEY_get_raw_public_key(&key, bytes_of(bytes), &size) == 1, "an Ed25519 key has its 32 bytes");
  return bytes;
}

}  // namespace tokensvc
