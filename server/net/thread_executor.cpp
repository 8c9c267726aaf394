#include "net/thread_executor.h"

#include <utility>

namespace net {

ThreadExecutor::ThreadExecutor(std::size_t threads) {
  for (std::size_t i = 0; i < threads; ++i) {
    threads_.emplace_back([this] {
      while (auto job = jobs_.wait_one()) job();
    });
  }
}

ThreadExecutor::~ThreadExecutor() {
  jobs_.close();
  threads_.clear();
}

void ThreadExecutor::submit(base::Fn<void()> job) { jobs_.put(std::move(job)); }

}  // namespace net
