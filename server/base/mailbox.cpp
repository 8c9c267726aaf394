#include "base/mailbox.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace base {

bool Mailbox::put(Fn<void()> job) { return put({&job, 1}); }

bool Mailbox::put(std::span<Fn<void()>> jobs) {
  bool was_empty = false;
  {
    const std::lock_guard lock(mutex_);
    was_empty = jobs_.empty();
    std::ranges::move(jobs, std::back_inserter(jobs_));
  }
  if (jobs.size() == 1) {
    arrived_.notify_one();
  } else {
    arrived_.notify_all();
  }
  return was_empty;
}

void Mailbox::take_all(std::vector<Fn<void()>>& into) {
  const std::lock_guard lock(mutex_);
  into.swap(jobs_);
}

Fn<void()> Mailbox::wait_one() {
  std::unique_lock lock(mutex_);
  arrived_.wait(lock, [this] { return closed_ || next_ < jobs_.size(); });
  if (next_ >= jobs_.size()) return {};
  Fn<void()> job = std::move(jobs_[next_++]);
  if (next_ == jobs_.size()) {
    jobs_.clear();
    next_ = 0;
  }
  return job;
}

void Mailbox::close() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  arrived_.notify_all();
}

}  // namespace base
