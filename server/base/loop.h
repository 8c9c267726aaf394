// One shard's event loop as everything above net sees it: a clock, timers, a mailbox, the end of the turn.
// net/ implements it over Boost.Asio; tests/sim/ implements it on virtual time.
#pragma once

#include <cstdint>

#include "base/clock.h"
#include "base/function.h"

namespace base {

enum class TimerId : std::uint64_t { none = 0 };

class Loop : public Clock {
 public:
  /// Runs `job` on this loop's thread in a later step. From any thread; never waits, never fails.
  /// Jobs posted by one thread run in the order posted.
  virtual void post(Fn<void()> job) = 0;

  /// Is the caller in a step of this loop? From any thread.
  virtual bool here() const = 0;

  /// Runs `job` once at the end of the current turn, after all ready input was handled. This thread only.
  virtual void at_turn_end(Fn<void()> job) = 0;

  /// Runs `job` once after `delay`. This thread only. The id stays valid until the job ran or was cancelled.
  virtual TimerId after(Duration delay, Fn<void()> job) = 0;

  /// Cancels a timer; `none` and timers that ran already are ignored. This thread only.
  virtual void cancel(TimerId timer) = 0;
};

/// A timer owned by the object it calls: destroying it cancels it.
class Timer {
 public:
  Timer() = default;
  Timer(Loop& loop, Duration delay, Fn<void()> job);
  Timer(Timer&& other) noexcept;
  Timer& operator=(Timer&& other) noexcept;
  ~Timer();
  void cancel();
  bool armed() const { return id_ != TimerId::none; }

 private:
  Loop* loop_ = nullptr;
  TimerId id_ = TimerId::none;
};

}  // namespace base
