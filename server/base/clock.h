// Time as an interface, so that a whole server can run on a virtual clock.
#pragma once

#include <chrono>

namespace base {

using Duration = std::chrono::nanoseconds;
/// Never jumps; only differences mean something. For deadlines and timers.
using MonoTime = std::chrono::time_point<std::chrono::steady_clock, Duration>;
/// Calendar time (UTC); may jump either way. For stamps and archive ids.
using WallTime = std::chrono::sys_time<std::chrono::microseconds>;

class Clock {
 public:
  virtual ~Clock() = default;
  virtual MonoTime now() const = 0;
  virtual WallTime wall() const = 0;
};

}  // namespace base
