// The one locking queue of the house: jobs from any thread to one taker.
#pragma once

#include <condition_variable>
#include <mutex>
#include <span>
#include <vector>

#include "base/function.h"

namespace base {

class Mailbox {
 public:
  /// True when the queue was empty before: only then does the taker need a wake-up. From any thread.
  bool put(Fn<void()> job);
  /// The same for jobs in their order, which are moved from.
  bool put(std::span<Fn<void()>> jobs);

  /// Swaps everything waiting into `into`, which must be empty; its memory is used for the next jobs.
  void take_all(std::vector<Fn<void()>>& into);

  /// Waits for the next job, in the order put; an empty function after close() once none is left. Any thread.
  Fn<void()> wait_one();

  /// Lets the waiting takers go when the queue is empty; jobs put later are still queued. From any thread.
  void close();

 private:
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::vector<Fn<void()>> jobs_;
  std::size_t next_ = 0;  ///< first job of jobs_ that wait_one has not given out
  bool closed_ = false;
};

}  // namespace base
