// Intrusive reference counting for immutable values that cross shards (stanzas, packets, settings).
#pragma once

#include <atomic>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace base {

/// Base of everything a Ref points to. The count is atomic because the last holder may sit on another shard.
class RefCounted {
 public:
  RefCounted() = default;
  RefCounted(const RefCounted&) = delete;
  RefCounted& operator=(const RefCounted&) = delete;

  /// How many hold it; out of date at once where others may let go.
  std::uint32_t holders() const noexcept { return references_.load(std::memory_order_relaxed); }

  void retain() const noexcept { references_.fetch_add(1, std::memory_order_relaxed); }
  void release() const noexcept {
    if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }

 protected:
  virtual ~RefCounted() = default;

 private:
  mutable std::atomic<std::uint32_t> references_{0};
};

/// Owning pointer to a RefCounted value; copying shares it. May be empty.
template <class T>
class Ref {
 public:
  Ref() = default;
  Ref(std::nullptr_t) {}
  explicit Ref(T* object) : object_(object) { retain(); }
  Ref(const Ref& other) : object_(other.object_) { retain(); }
  Ref(Ref&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  template <class U>
    requires std::convertible_to<U*, T*>
  Ref(const Ref<U>& other) : object_(other.get()) {
    retain();
  }
  Ref& operator=(Ref other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~Ref() {
    if (object_ != nullptr) object_->release();
  }

  T* get() const noexcept { return object_; }
  T& operator*() const noexcept { return *object_; }
  T* operator->() const noexcept { return object_; }
  explicit operator bool() const noexcept { return object_ != nullptr; }
  friend bool operator==(const Ref& a, const Ref& b) { return a.object_ == b.object_; }

 private:
  void retain() const {
    if (object_ != nullptr) object_->retain();
  }
  T* object_ = nullptr;
};

template <class T, class... Args>
Ref<T> make_ref(Args&&... args) {
  return Ref<T>(new T(std::forward<Args>(args)...));
}

/// What must be held while a stanza is on its way: the slot in its sender's window stays open until the
/// last holder lets go. The store's unit of rows is the one implementation (store/unit.h).
class Held : public RefCounted {
 public:
  /// Several shards may have it at once from now on: it is held, but nothing more is put into it.
  void seal() noexcept { sealed_.store(true, std::memory_order_relaxed); }
  bool sealed() const noexcept { return sealed_.load(std::memory_order_relaxed); }

 private:
  std::atomic<bool> sealed_{false};
};

}  // namespace base
