// The keys of one token service: the one that signs, and those that are still, or already, accepted during a rotation.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "tokensvc/key.h"

namespace tokensvc {

/// Immutable: a reload makes another one. The first key that can sign does; all verify.
class KeyRing {
 public:
  static constexpr std::size_t kMaxKeys = 16;

  /// One to 16 keys, no two with the same id (kid).
  static base::Result<KeyRing> make(std::vector<Key> keys);

  /// Null when all of them only verify.
  const Key* signer() const;
  std::span<const Key> keys() const { return keys_; }
  /// By its id; null for the empty one.
  const Key* find(std::string_view id) const;

  /// The public keys as a JWK set (RFC 7517 5). Symmetric keys are never in it.
  std::string jwks() const;
  /// What Jitsi asks for under `<name>.pem`: the public key whose asap_name() it is.
  std::optional<std::string> asap(std::string_view name) const;

 private:
  explicit KeyRing(std::vector<Key> keys) : keys_(std::move(keys)) {}
  std::vector<Key> keys_;
};

}  // namespace tokensvc
