#include "bench/load/meter.h"

#include <time.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace load {
namespace {

std::uint64_t nanoseconds(clockid_t clock) {
  timespec time{};
  if (::clock_gettime(clock, &time) != 0) return 0;
  return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(time.tv_nsec);
}

}  // namespace

std::uint64_t now_ns() { return nanoseconds(CLOCK_MONOTONIC); }

std::uint64_t Meter::cpu_ns() const {
  std::uint64_t sum = 0;
  for (const pid_t pid : pids_) {
    clockid_t clock{};
    if (::clock_getcpuclockid(pid, &clock) == 0) sum += nanoseconds(clock);
  }
  return sum;
}

std::uint64_t Meter::pss_bytes() const {
  std::uint64_t sum = 0;
  for (const pid_t pid : pids_) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/smaps_rollup");
    for (std::string line; std::getline(file, line);) {
      if (line.starts_with("Pss:")) sum += std::stoull(line.substr(4)) * 1024;
    }
  }
  return sum;
}

std::map<pid_t, std::uint64_t> Meter::threads_cpu_ns() const {
  std::map<pid_t, std::uint64_t> times;
  for (const pid_t pid : pids_) {
    std::error_code gone;
    for (const auto& thread : std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/task", gone)) {
      std::ifstream file(thread.path() / "schedstat");  // "<ns on a core> <ns waiting> <time slices>"
      if (std::uint64_t time = 0; file >> time) times[std::stoi(thread.path().filename())] = time;
    }
  }
  return times;
}

}  // namespace load
