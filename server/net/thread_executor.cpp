#include "net/thread_executor.h"

#include <unistd.h>

#include <utility>

namespace net {
namespace {

constexpr int kNicer = 10;  // sched(7): a tenth of the usual weight

}  // namespace

ThreadExecutor::ThreadExecutor(std::size_t threads, Priority priority) {
  for (std::size_t i = 0; i < threads; ++i) {
    threads_.emplace_back([this, priority] {
      if (priority == Priority::background) static_cast<void>(nice(kNicer));  // on Linux, this thread's alone
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
