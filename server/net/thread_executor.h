// The production Executor: threads that may block.
#pragma once

#include <cstddef>
#include <cstdint>
#include <thread>
#include <vector>

#include "base/executor.h"
#include "base/mailbox.h"

namespace net {

/// What is in the background leaves the processor to whoever else wants it, but for a tenth.
enum class Priority : std::uint8_t { usual, background };

class ThreadExecutor : public base::Executor {
 public:
  explicit ThreadExecutor(std::size_t threads, Priority priority = Priority::usual);
  /// Runs what was submitted before, then joins: bounded by the jobs waiting, none may submit for ever.
  ~ThreadExecutor() override;

  void submit(base::Fn<void()> job) override;

 private:
  base::Mailbox jobs_;
  std::vector<std::jthread> threads_;
};

}  // namespace net
