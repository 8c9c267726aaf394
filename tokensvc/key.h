// One key of JSON Web Signatures (RFC 7515, RFC 7518, RFC 8037). The key says which algorithm it is for, a token never
// does.
#pragma once

#include <openssl/types.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"
#include "tokensvc/locked.h"

namespace tokensvc {

enum class Algorithm : std::uint8_t { hs256, hs384, hs512, rs256, rs512, es256, eddsa };

/// As headers have it: "HS256", "EdDSA".
std::string_view to_string(Algorithm algorithm);
/// Nothing for "none" and whatever else is not in the list.
std::optional<Algorithm> parse_algorithm(std::string_view name);
/// A shared secret, as the HS family has it: who can verify can sign.
bool is_symmetric(Algorithm algorithm);

struct FreeKey {
  void operator()(EVP_PKEY* key) const;
};
using KeyPtr = std::unique_ptr<EVP_PKEY, FreeKey>;

/// Move-only, immutable, any thread. Private parts lie in locked memory; OpenSSL has them while it signs and wipes
/// them.
class Key {
 public:
  static constexpr std::size_t kMinSecretBytes = 32;  ///< RFC 7518 3.2 asks as much of HS256
  static constexpr int kMinRsaBits = 2048;            ///< RFC 7518 3.3
  static constexpr int kMaxRsaBits = 8192;            ///< beyond, one signature stops a shard

  /// For the HS family. The id may be empty: Prosody has one secret and reads no id.
  static base::Result<Key> from_secret(Algorithm algorithm, std::string id, const base::Secret& secret);
  /// For the others, which sign and verify.
  static base::Result<Key> from_private_pem(Algorithm algorithm, std::string id, const base::Secret& pem);
  /// Verifies only.
  static base::Result<Key> from_public_pem(Algorithm algorithm, std::string id, std::string_view pem);

  Algorithm algorithm() const { return algorithm_; }
  const std::string& id() const { return id_; }
  bool can_sign() const { return !secret_.empty(); }
  /// The JOSE header of what it signs, encoded.
  const std::string& header() const { return header_; }

  /// The signature's bytes; fails only where OpenSSL does. Only if can_sign(). A Signer is for several texts.
  base::Result<std::string> sign(std::string_view text) const;
  bool verify(std::string_view text, std::string_view signature) const;

  /// The public half, in PEM and as a JWK (RFC 7517); nothing of a symmetric key.
  std::optional<std::string> public_pem() const;
  std::optional<std::string> public_jwk() const;
  /// The name under which Jitsi asks for it: the SHA-256 of the id in hexadecimal, without the ".pem".
  std::string asap_name() const;

 private:
  friend class Signer;
  Key(Algorithm algorithm, std::string id);
  base::Result<void> suits(const EVP_PKEY& pair) const;
  bool keep_public(const EVP_PKEY& pair);

  Algorithm algorithm_;
  std::string id_;
  std::string header_;
  Locked secret_;  ///< the shared secret, or private_part() of the pair
  KeyPtr public_;  ///< of an asymmetric key; holds nothing private
};

}  // namespace tokensvc
