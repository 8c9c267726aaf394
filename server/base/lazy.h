// A member that is nearly always T(): it takes a pointer until it is something else.
#pragma once

#include <memory>

namespace base {

/// Of a T whose default is its empty state.
template <class T>
class Lazy {
 public:
  const T& operator*() const { return value_ != nullptr ? *value_ : kEmpty; }
  const T* operator->() const { return &**this; }
  /// To be changed.
  T& get() {
    if (value_ == nullptr) value_ = std::make_unique<T>();
    return *value_;
  }
  /// T() again.
  void reset() { value_.reset(); }

 private:
  inline static const T kEmpty{};
  std::unique_ptr<T> value_;
};

}  // namespace base
