#include "settle.h"

#include <algorithm>
#include <chrono>
#include <thread>

namespace {

using Clock = std::chrono::steady_clock;

// Jobs may go from loop to loop before one of them asks an executor again.
constexpr int kQuietRounds = 4;
constexpr std::chrono::milliseconds kPause{1};

std::uint64_t submitted(std::span<CountedExecutor* const> executors) {
  std::uint64_t sum = 0;
  for (const CountedExecutor* executor : executors) sum += executor->submitted();
  return sum;
}

}  // namespace

bool settle(std::span<CountedExecutor* const> executors, std::span<const std::unique_ptr<net::AsioLoop>> loops,
            base::Duration longest) {
  const auto end = Clock::now() + longest;
  for (int quiet = 0; quiet < kQuietRounds;) {
    const std::uint64_t before = submitted(executors);
    while (std::ranges::any_of(executors, [](const CountedExecutor* each) { return each->busy(); })) {
      if (Clock::now() > end) return false;
      std::this_thread::sleep_for(kPause);
    }
    for (const auto& loop : loops) {
      loop->stop();
      loop->run();
    }
    quiet = submitted(executors) == before ? quiet + 1 : 0;
    if (quiet == 0 && Clock::now() > end) return false;
  }
  return true;
}
