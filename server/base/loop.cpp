#include "base/loop.h"

#include <utility>

namespace base {

Timer::Timer(Loop& loop, Duration delay, Fn<void()> job) : loop_(&loop), id_(loop.after(delay, std::move(job))) {}

Timer::Timer(Timer&& other) noexcept : loop_(other.loop_), id_(std::exchange(other.id_, TimerId::none)) {}

Timer& Timer::operator=(Timer&& other) noexcept {
  if (this != &other) {
    cancel();
    loop_ = other.loop_;
    id_ = std::exchange(other.id_, TimerId::none);
  }
  return *this;
}

Timer::~Timer() { cancel(); }

void Timer::cancel() {
  if (id_ != TimerId::none) loop_->cancel(std::exchange(id_, TimerId::none));
}

}  // namespace base
