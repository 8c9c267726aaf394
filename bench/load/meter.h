// What the measured server used: processor time and memory of its processes.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <vector>

namespace load {

/// Nanoseconds of a clock that only goes forward.
std::uint64_t now_ns();

/// The processes that make up one server.
class Meter {
 public:
  explicit Meter(std::vector<pid_t> pids) : pids_(std::move(pids)) {}

  /// User and system time used so far by all of them, threads that ended included, in nanoseconds. A process that has
  /// ended counts as 0. Without processes: 0.
  [[nodiscard]] std::uint64_t cpu_ns() const;
  /// Proportional set size of all of them, in bytes (/proc/PID/smaps_rollup).
  [[nodiscard]] std::uint64_t pss_bytes() const;
  /// Processor time in nanoseconds of each thread alive.
  [[nodiscard]] std::map<pid_t, std::uint64_t> threads_cpu_ns() const;

 private:
  std::vector<pid_t> pids_;
};

}  // namespace load
