#include "base/hex.h"

#include <sodium.h>

namespace base {

std::string hex(std::span<const unsigned char> bytes) {
  std::string digits(bytes.size() * 2 + 1, '\0');
  sodium_bin2hex(digits.data(), digits.size(), bytes.data(), bytes.size());
  digits.pop_back();  // the terminating NUL
  return digits;
}

}  // namespace base
