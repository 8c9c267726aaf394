// A list that needs no memory of its own up to N items: for what is nearly always one or two.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <initializer_list>
#include <span>
#include <type_traits>
#include <vector>

namespace base {

/// Of values that are copied freely. Grows only.
template <class T, std::size_t N>
  requires std::is_trivially_copyable_v<T>
class SmallVector {
 public:
  SmallVector() = default;
  SmallVector(std::initializer_list<T> items) {
    for (const T& item : items) push_back(item);
  }

  void push_back(const T& item) {
    if (size_ < N) {
      few_[size_++] = item;
      return;
    }
    if (size_ == N) many_.assign(few_.begin(), few_.end());
    many_.push_back(item);
    ++size_;
  }
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  const T* data() const { return size_ <= N ? few_.data() : many_.data(); }
  const T* begin() const { return data(); }
  const T* end() const { return data() + size_; }
  operator std::span<const T>() const { return {data(), size_}; }
  friend bool operator==(const SmallVector& a, const SmallVector& b) { return std::ranges::equal(a, b); }

 private:
  std::array<T, N> few_{};
  std::vector<T> many_;  // all of them, once they are more than N
  std::size_t size_ = 0;
};

}  // namespace base
