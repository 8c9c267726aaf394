// A keyed hash: who doesn't have the key can neither make one nor guess from it what was hashed.
#pragma once

#include <string>
#include <string_view>

namespace base {

/// 20 bytes of BLAKE2b (RFC 7693), in hexadecimal. The key has 16 to 64 bytes.
std::string keyed_hash(std::string_view key, std::string_view text);

}  // namespace base
