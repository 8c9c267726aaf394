// What OpenSSL does for a Key: MACs and signatures in the forms of RFC 7518 3 and RFC 8037 3.1, and a key's public
// numbers.
#pragma once

#include <openssl/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "tokensvc/key.h"

namespace tokensvc {

/// MACs of texts under one secret, for the HS family. OpenSSL has the secret from the first text on, and it is
/// overwritten there when this ends. One thread's.
class Hmac {
 public:
  /// The secret must outlive it.
  Hmac(Algorithm algorithm, std::string_view secret) : algorithm_(algorithm), secret_(secret) {}
  ~Hmac();
  Hmac(Hmac&& other) noexcept;
  Hmac& operator=(Hmac&&) = delete;

  std::string of(std::string_view text);

 private:
  Algorithm algorithm_;
  std::string_view secret_;
  EVP_MAC_CTX* context_ = nullptr;  ///< on loan from the thread; null before the first text
};

/// Of one text.
inline std::string hmac(Algorithm algorithm, std::string_view secret, std::string_view text) {
  return Hmac(algorithm, secret).of(text);
}

/// For the others, whose key must suit the algorithm: what is to be kept of a private key, and the key from it again.
/// For each signature, so it is the least that OpenSSL needs: decoding a whole file takes longer than signing on a
/// curve.
Locked private_part(Algorithm algorithm, const EVP_PKEY& pair);
KeyPtr open_private(Algorithm algorithm, std::string_view part);

std::optional<std::string> sign_with(Algorithm algorithm, EVP_PKEY& key, std::string_view text);
bool verify_with(Algorithm algorithm, EVP_PKEY& key, std::string_view text, std::string_view signature);

enum class PublicNumber : std::uint8_t { n, e, x, y };
/// Big-endian; x and y in 32 bytes, the others without leading zeros.
std::string number_of(const EVP_PKEY& key, PublicNumber which);
/// The 32 bytes of an Ed25519 key.
std::string raw_public(const EVP_PKEY& key);

}  // namespace tokensvc
