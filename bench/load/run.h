// What every case starts from and reports.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "bench/load/client.h"
#include "bench/load/histogram.h"
#include "bench/load/meter.h"

namespace load {

struct Options {
  Way way;
  Way far;                      // of every second client of a chat, where far.domain names another server
  std::vector<pid_t> server;    // the processes to meter
  std::size_t clients = 200;    // accounts u0, u1, …
  std::size_t concurrent = 50;  // logins at a time
  std::size_t window = 4;       // stanzas in flight from each client
  double rate = 0;              // stanzas/s in all (open loop); 0: as fast as the window allows
  double warm_up_seconds = 1, seconds = 5;
  std::size_t count = 10'000;  // of a case that ends by itself: logins, messages to drain
  std::size_t group = 50;      // occupants of a room, contacts of an account
  std::size_t speakers = 1;    // in each room
  bool quiet = false;          // rooms announce nobody but their owners
  std::string service = "conference.localhost";
};

/// What the text of a measured stanza begins with: its number and when it was sent, `now_ns()`; nothing if it is none
/// of ours.
struct Stamp {
  std::uint64_t number = 0, time = 0;
};
std::optional<Stamp> read_stamp(std::string_view text);

/// What went wrong with stanzas. All four must be 0.
struct Errors {
  std::uint64_t lost = 0, doubled = 0, reordered = 0, misdelivered = 0;
  [[nodiscard]] bool any() const { return lost + doubled + reordered + misdelivered != 0; }
};

/// Numbers from 0 counted by their receiver: each exactly once and in order.
class Sequence {
 public:
  void got(std::uint64_t number, Errors& errors) {
    if (number == next_) {
      ++next_;
    } else if (number < next_) {
      ++errors.doubled;
    } else {
      ++errors.reordered;
      next_ = number + 1;
    }
  }

 private:
  std::uint64_t next_ = 0;
};

/// Between begin() and end(): time, processor time of the server, and how often the thing measured happened.
class Measurement {
 public:
  explicit Measurement(const Meter& meter) : meter_(meter) {}
  void begin();
  void end(std::uint64_t operations);
  [[nodiscard]] bool running() const { return running_; }
  Histogram latency;

  /// operations, seconds, rate, cpu_us, p50_ms, p95_ms, p99_ms, thread_shares (of the busiest).
  [[nodiscard]] nlohmann::json report() const;

 private:
  const Meter& meter_;
  std::uint64_t begin_ns_ = 0, cpu_begin_ns_ = 0, span_ns_ = 0, cpu_ns_ = 0, operations_ = 0;
  std::map<pid_t, std::uint64_t> threads_begin_, threads_;
  bool running_ = false;
};

nlohmann::json report(const Errors& errors);

/// Logs all in, at most `concurrent` at a time; throws Failed after `seconds` or when one fails.
void log_in(Loop& loop, std::vector<std::unique_ptr<Client>>& clients, std::size_t concurrent, double seconds = 120);

/// Ends every stream in order, so that nothing of this run is left for the next.
void log_out(Loop& loop, const std::vector<std::unique_ptr<Client>>& clients);

/// Each returns its report; throws Failed.
nlohmann::json run_register(const Options& options);
nlohmann::json run_logins(const Options& options);
nlohmann::json run_storm(const Options& options);
nlohmann::json run_idle(const Options& options);
nlohmann::json run_chat(const Options& options);
nlohmann::json run_offline(const Options& options);
nlohmann::json run_presence(const Options& options);
nlohmann::json run_room(const Options& options);
nlohmann::json run_joins(const Options& options);
nlohmann::json run_tokens(const Options& options);

}  // namespace load
