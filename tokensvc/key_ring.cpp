#include "tokensvc/key_ring.h"

#include <algorithm>

namespace tokensvc {

base::Result<KeyRing> KeyRing::make(std::vector<Key> keys) {
  if (keys.empty() || keys.size() > kMaxKeys) return base::failure("a token service has 1 to 16 keys");
  for (auto key = keys.begin(); key != keys.end(); ++key) {
    const bool twice = std::any_of(keys.begin(), key, [&](const Key& other) { return other.id() == key->id(); });
    if (twice && key->id().empty()) return base::failure("two keys without an id (kid)");
    if (twice) return base::failure("two keys with the id (kid) " + key->id());
  }
  return KeyRing(std::move(keys));
}

const Key* KeyRing::signer() const {
  const auto found = std::ranges::find_if(keys_, &Key::can_sign);
  return found == keys_.end() ? nullptr : &*found;
}

const Key* KeyRing::find(std::string_view id) const {
  if (id.empty()) return nullptr;
  const auto found = std::ranges::find(keys_, id, &Key::id);
  return found == keys_.end() ? nullptr : &*found;
}

std::string KeyRing::jwks() const {
  std::string set = R"({"keys":[)";
  for (const Key& key : keys_) {
    const auto jwk = key.public_jwk();
    if (!jwk) continue;
    if (set.back() != '[') set += ',';
    set += *jwk;
  }
  return set + "]}";
}

std::optional<std::string> KeyRing::asap(std::string_view name) const {
  for (const Key& key : keys_)
    if (!is_symmetric(key.algorithm()) && key.asap_name() == name) return key.public_pem();
  return std::nullopt;
}

}  // namespace tokensvc
