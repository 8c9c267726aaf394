// How much of something may come: a token bucket.
#pragma once

#include <algorithm>

#include "base/clock.h"

namespace muc {

/// Full at first. What is asked for passes while anything is left, whatever its size, and has then to be waited for.
class Bucket {
 public:
  bool take(double amount, double per_second, double capacity, base::MonoTime now) {
    const bool passes = has(amount, per_second, capacity, now);
    left_ = left(per_second, capacity, now) - (passes ? amount : 0);
    fresh_ = false;
    at_ = now;
    return passes;
  }
  /// Whether take() would pass it.
  bool has(double amount, double per_second, double capacity, base::MonoTime now) const {
    return left(per_second, capacity, now) >= std::min(amount, 1.0);
  }
  /// Nothing would change if it were new.
  bool is_full(double per_second, double capacity, base::MonoTime now) const {
    return left(per_second, capacity, now) >= capacity;
  }

 private:
  double left(double per_second, double capacity, base::MonoTime now) const {
    const double seconds = std::chrono::duration<double>(now - at_).count();
    return fresh_ ? capacity : std::min(capacity, left_ + seconds * per_second);
  }

  double left_ = 0;
  base::MonoTime at_{};
  bool fresh_ = true;
};

}  // namespace muc
