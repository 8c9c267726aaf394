// A queue that holds no memory while it is empty: for the many that nearly always are (std::deque takes 600 bytes).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "base/check.h"

namespace base {

/// First in, first out, with a look at any place. Of default-constructible values that move.
template <class T>
class Ring {
 public:
  Ring() = default;
  Ring(Ring&& other) noexcept
      : places_(std::move(other.places_)),
        capacity_(std::exchange(other.capacity_, 0)),
        first_(std::exchange(other.first_, 0)),
        size_(std::exchange(other.size_, 0)) {}
  Ring& operator=(Ring&& other) noexcept {
    places_ = std::move(other.places_);
    capacity_ = std::exchange(other.capacity_, 0);
    first_ = std::exchange(other.first_, 0);
    size_ = std::exchange(other.size_, 0);
    return *this;
  }

  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }
  /// From the front.
  T& operator[](std::size_t place) { return places_[(first_ + place) & (capacity_ - 1)]; }
  T& front() { return (*this)[0]; }
  T& back() { return (*this)[size_ - 1]; }

  void push_back(T value) {
    if (size_ == capacity_) grow();
    (*this)[size_++] = std::move(value);
  }
  /// The front one. The memory goes with the last.
  T take_front() {
    check(size_ > 0, "something is there");
    T value = std::exchange(front(), T());
    first_ = (first_ + 1) & (capacity_ - 1);
    if (--size_ == 0) *this = Ring();
    return value;
  }

 private:
  static constexpr std::uint32_t kFirst = 4;

  void grow() {
    const std::uint32_t capacity = capacity_ == 0 ? kFirst : capacity_ * 2;
    auto places = std::make_unique<T[]>(capacity);
    for (std::uint32_t i = 0; i < size_; ++i) places[i] = std::move((*this)[i]);
    places_ = std::move(places);
    capacity_ = capacity;
    first_ = 0;
  }

  std::unique_ptr<T[]> places_;
  std::uint32_t capacity_ = 0;  // a power of two
  std::uint32_t first_ = 0;
  std::uint32_t size_ = 0;
};

}  // namespace base
