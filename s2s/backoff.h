// How long to wait before the next attempt: twice as long each time, and never all at the same moment.
#pragma once

#include <cstdint>

#include "base/clock.h"
#include "base/random.h"

namespace s2s {

class Backoff {
 public:
  explicit Backoff(base::Random& random) : random_(random) {}

  /// Between a half and the whole of `first` after one failure; doubled for each further one, up to `last`.
  base::Duration next(base::Duration first, base::Duration last);
  /// An attempt succeeded.
  void reset() { failures_ = 0; }
  std::uint32_t failures() const { return failures_; }

 private:
  base::Random& random_;
  std::uint32_t failures_ = 0;
};

}  // namespace s2s
