// Bytes that must not leak: wiped when freed, compared in constant time, without operator==.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace base {

/// A secret value (password, key, proof). Move-only; memory is wiped on destruction.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value) : value_(std::move(value)) {}
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  Secret(Secret&& other) noexcept : value_(std::move(other.value_)) { other.wipe(); }
  Secret& operator=(Secret&& other) noexcept;
  ~Secret() { wipe(); }

  std::string_view reveal() const { return value_; }
  bool empty() const { return value_.empty(); }

 private:
  void wipe() noexcept;
  std::string value_;
};

/// Constant-time for equal lengths; a length difference shows. Use for every secret and MAC.
bool equal_secrets(std::string_view a, std::string_view b);

}  // namespace base
