// A bounded queue between threads that never makes its consumer poll: a push says when to wake it.
#pragma once

#include <cstddef>
#include <deque>
#include <mutex>
#include <utility>
#include <vector>

namespace base {

enum class Pushed : unsigned char {
  refused,  ///< full: the item was not taken
  queued,   ///< a consumer is already on its way
  wake      ///< the caller must schedule the consumer
};

/// Items leave in the order they came. All members from any thread; the lock is held for moves only.
template <class T>
class LockedQueue {
 public:
  explicit LockedQueue(std::size_t bound) : bound_(bound) {}

  /// Moves from `item` unless refused.
  Pushed push(T& item) {
    const std::lock_guard lock(mutex_);
    if (items_.size() >= bound_) return Pushed::refused;
    items_.push_back(std::move(item));
    return std::exchange(consumer_awake_, true) ? Pushed::queued : Pushed::wake;
  }

  /// Up to `most` items. Empty means that the consumer may stop: the next push says wake.
  std::vector<T> take(std::size_t most) {
    const std::lock_guard lock(mutex_);
    std::vector<T> taken;
    while (!items_.empty() && taken.size() < most) {
      taken.push_back(std::move(items_.front()));
      items_.pop_front();
    }
    if (taken.empty()) consumer_awake_ = false;
    return taken;
  }

  std::size_t size() const {
    const std::lock_guard lock(mutex_);
    return items_.size();
  }

 private:
  const std::size_t bound_;
  mutable std::mutex mutex_;
  std::deque<T> items_;
  bool consumer_awake_ = false;
};

}  // namespace base
