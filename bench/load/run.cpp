#include "bench/load/run.h"

#include <algorithm>
#include <charconv>
#include <functional>

namespace load {

std::optional<Stamp> read_stamp(std::string_view text) {
  Stamp stamp;
  const char* const end = text.data() + text.size();
  const auto [space, bad] = std::from_chars(text.data(), end, stamp.number);
  if (bad != std::errc{} || space == end) return std::nullopt;
  if (std::from_chars(space + 1, end, stamp.time).ec != std::errc{}) return std::nullopt;
  return stamp;
}

void Measurement::begin() {
  latency.clear();
  running_ = true;
  threads_begin_ = meter_.threads_cpu_ns();
  begin_ns_ = now_ns();
  cpu_begin_ns_ = meter_.cpu_ns();
}

void Measurement::end(std::uint64_t operations) {
  cpu_ns_ = meter_.cpu_ns() - cpu_begin_ns_;
  span_ns_ = now_ns() - begin_ns_;
  threads_ = meter_.threads_cpu_ns();
  operations_ = operations;
  running_ = false;
}

nlohmann::json Measurement::report() const {
  const auto count = static_cast<double>(std::max<std::uint64_t>(operations_, 1));
  const double seconds = static_cast<double>(span_ns_) / 1e9;
  nlohmann::json json{
      {"operations", operations_},
      {"seconds", seconds},
      {"rate", static_cast<double>(operations_) / std::max(seconds, 1e-9)},
      {"cpu_us", static_cast<double>(cpu_ns_) / 1e3 / count},
      {"cores", static_cast<double>(cpu_ns_) / static_cast<double>(std::max<std::uint64_t>(span_ns_, 1))}};
  if (latency.count() != 0) {
    json["p50_ms"] = latency.quantile(0.50) / 1e6;
    json["p95_ms"] = latency.quantile(0.95) / 1e6;
    json["p99_ms"] = latency.quantile(0.99) / 1e6;
  }
  std::vector<double> busy;  // each thread's share, the busiest first
  for (const auto& [thread, time] : threads_) {
    const auto before = threads_begin_.find(thread);
    const std::uint64_t used = time - (before == threads_begin_.end() ? 0 : before->second);
    busy.push_back(static_cast<double>(used) / static_cast<double>(std::max<std::uint64_t>(cpu_ns_, 1)));
  }
  std::ranges::sort(busy, std::greater<>());
  busy.resize(std::min<std::size_t>(busy.size(), 4));
  json["thread_shares"] = busy;
  return json;
}

nlohmann::json report(const Errors& errors) {
  return {{"lost", errors.lost},
          {"doubled", errors.doubled},
          {"reordered", errors.reordered},
          {"misdelivered", errors.misdelivered}};
}

void log_in(Loop& loop, std::vector<std::unique_ptr<Client>>& clients, std::size_t concurrent, double seconds) {
  std::size_t begun = 0;
  std::vector<Client*> pending;
  const auto step = [&] {
    std::erase_if(pending, [](const Client* client) {
      if (client->ended()) throw Failed(client->name() + " could not log in: " + client->failure());
      return client->is_ready();
    });
    while (begun < clients.size() && pending.size() < concurrent) {
      pending.push_back(clients[begun++].get());
      pending.back()->connect();
    }
    return pending.empty();
  };
  if (!loop.until(step, seconds))
    throw Failed("not all clients were logged in after " + std::to_string(seconds) + " s");
}

void log_out(Loop& loop, const std::vector<std::unique_ptr<Client>>& clients) {
  for (const auto& client : clients) {
    if (client->managed()) client->acknowledge();
    client->end();
  }
  const auto over = [&] { return std::ranges::all_of(clients, [](const auto& client) { return client->ended(); }); };
  if (!loop.until(over, 15)) throw Failed("streams were not ended");
}

}  // namespace load
