// Unpredictable bytes, as an interface so that simulated runs repeat.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace base {

class Random {
 public:
  virtual ~Random() = default;
  virtual void fill(std::span<std::byte> bytes) = 0;

  /// `bytes` random bytes as base64url without padding: names, nonces, bearer values (16 bytes or more).
  std::string token(std::size_t bytes = 16);
};

/// The system's generator (libsodium). Any thread.
Random& system_random();

}  // namespace base
