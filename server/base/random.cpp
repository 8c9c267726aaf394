#include "base/random.h"

#include <sodium.h>

#include "base/base64.h"
#include "base/check.h"

namespace base {
namespace {

class SodiumRandom final : public Random {
 public:
  SodiumRandom() { check(sodium_init() >= 0, "libsodium starts"); }
  void fill(std::span<std::byte> bytes) override { randombytes_buf(bytes.data(), bytes.size()); }
};

}  // namespace

std::string Random::token(std::size_t bytes) {
  std::string raw(bytes, '\0');
  fill(std::as_writable_bytes(std::span(raw)));
  return base64url(raw);
}

Random& system_random() {
  static SodiumRandom generator;
  return generator;
}

}  // namespace base
