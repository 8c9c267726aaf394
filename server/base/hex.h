// Hexadecimal digits in lower case, by libsodium.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace base {

std::string hex(std::span<const unsigned char> bytes);
inline std::string hex(std::string_view bytes) {
  return hex(std::span(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()));
}

}  // namespace base
