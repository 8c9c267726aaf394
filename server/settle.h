// Brings loops and executors to rest when a process ends: what the last clients left behind is written, and the answers
// to it run, while everything they refer to is there.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "net/asio_loop.h"
#include "net/thread_executor.h"

/// Threads that count what they were given and what they have done.
class CountedExecutor final : public base::Executor {
 public:
  explicit CountedExecutor(std::size_t threads, net::Priority priority = net::Priority::usual)
      : threads_(threads, priority) {}
  void submit(base::Fn<void()> job) override {
    ++submitted_;
    threads_.submit([this, job = std::move(job)]() mutable {
      job();
      ++done_;
    });
  }
  std::uint64_t submitted() const { return submitted_; }
  bool busy() const { return done_ != submitted_; }

 private:
  std::atomic<std::uint64_t> submitted_ = 0, done_ = 0;
  net::ThreadExecutor threads_;
};

/// Runs the loops, on this thread, and waits for the executors, in turns, until nothing follows from anything any more.
/// False if that takes longer than `longest`. No other thread may run the loops.
bool settle(std::span<CountedExecutor* const> executors, std::span<const std::unique_ptr<net::AsioLoop>> loops,
            base::Duration longest);
