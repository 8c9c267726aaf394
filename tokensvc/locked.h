// Secret bytes that never reach the disk: in locked memory between guard pages, read-only, wiped when freed
// (libsodium).
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

namespace tokensvc {

/// A copy of what it is made from. Move-only; compared by nobody, shown only by reveal().
class Locked {
 public:
  Locked() = default;
  explicit Locked(std::string_view bytes);

  std::string_view reveal() const { return {bytes_.get(), empty() ? 0 : size_}; }
  bool empty() const { return bytes_ == nullptr; }

 private:
  struct Free {
    void operator()(char* bytes) const;
  };
  std::unique_ptr<char, Free> bytes_;
  std::size_t size_ = 0;
};

}  // namespace tokensvc
