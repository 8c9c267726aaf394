#include "base/keyed_hash.h"

#include <sodium.h>

#include <array>

#include "base/check.h"

namespace base {
namespace {

const unsigned char* bytes(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

}  // namespace

std::string keyed_hash(std::string_view key, std::string_view text) {
  std::array<unsigned char, 20> hash{};
  const int failed = crypto_generichash(hash.data(), hash.size(), bytes(text), text.size(), bytes(key), key.size());
  check(failed == 0 && key.size() >= crypto_generichash_KEYBYTES_MIN, "a key has 16 to 64 bytes");
  std::array<char, 2 * hash.size() + 1> hex{};
  sodium_bin2hex(hex.data(), hex.size(), hash.data(), hash.size());
  return hex.data();
}

}  // namespace base
