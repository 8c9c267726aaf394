// Registering, logging in and out, and staying logged in.
#include <algorithm>

#include "bench/load/run.h"

namespace load {
namespace {

/// Logins, or registrations, one after the other on each of `concurrent` places.
class Turnstile final : public Case {
 public:
  Turnstile(const Options& options, bool registers)
      : options_(options), registers_(registers), meter_(options.server), measured_(meter_) {}

  nlohmann::json run() {
    if (!registers_) through(std::max(options_.clients, options_.concurrent));  // keys are derived, caches are warm
    const std::uint64_t memory_before = meter_.pss_bytes();
    measured_.begin();
    through(options_.count);
    measured_.end(options_.count);
    nlohmann::json json = measured_.report();
    json["pss_before"] = memory_before;
    json["pss_after"] = meter_.pss_bytes();
    return json;
  }

 private:
  struct Place {
    std::unique_ptr<Client> client;
    std::uint64_t begun = 0;
  };

  void through(std::size_t count) {
    std::size_t begun = 0, done = 0;
    std::vector<Place> places(std::min(options_.concurrent, count));
    places_ = &places;
    const auto step = [&] {
      for (Place& place : places) {
        if (place.client && !place.client->ended()) continue;
        if (place.client) ++done;
        place.client.reset();
        if (begun == count) continue;
        // Accounts are walked through in order, so that no two places use one at a time.
        const std::string name = "u" + std::to_string(begun++ % options_.clients);
        place.client = std::make_unique<Client>(loop_, options_.way, *this, &place - places.data(), name);
        place.begun = now_ns();
        registers_ ? place.client->connect_to_register() : place.client->connect();
      }
      return done == count;
    };
    if (!loop_.until(step, 1200)) throw Failed("the logins came to a halt");
  }

  void ready(Client& client) override {
    if (measured_.running()) measured_.latency.add(now_ns() - (*places_)[client.number()].begun);
    client.end();
  }

  const Options& options_;
  bool registers_;
  Loop loop_;
  Meter meter_;
  Measurement measured_;
  std::vector<Place>* places_ = nullptr;
};

/// All at once, as after a restart, and nobody leaves. A login's time begins with the storm.
class Storm final : public Case {
 public:
  explicit Storm(const Options& options) : options_(options), meter_(options.server), measured_(meter_) {}

  nlohmann::json run() {
    std::vector<std::unique_ptr<Client>> clients;
    for (std::size_t i = 0; i < options_.clients; ++i) {
      clients.push_back(std::make_unique<Client>(loop_, options_.way, *this, i, "u" + std::to_string(i)));
    }
    begun_ = now_ns();
    measured_.begin();
    log_in(loop_, clients, clients.size(), 600);
    measured_.end(clients.size());
    log_out(loop_, clients);
    return measured_.report();
  }

 private:
  void ready(Client&) override { measured_.latency.add(now_ns() - begun_); }

  const Options& options_;
  Loop loop_;
  Meter meter_;
  Measurement measured_;
  std::uint64_t begun_ = 0;
};

}  // namespace

nlohmann::json run_register(const Options& options) {
  Options all = options;
  all.count = options.clients;
  return Turnstile(all, true).run();
}

nlohmann::json run_logins(const Options& options) { return Turnstile(options, false).run(); }

nlohmann::json run_storm(const Options& options) { return Storm(options).run(); }

nlohmann::json run_idle(const Options& options) {
  Loop loop;
  Case quiet;
  const Meter meter(options.server);
  const auto log_in_some = [&](std::size_t from, std::size_t to) {
    std::vector<std::unique_ptr<Client>> clients;
    for (std::size_t i = from; i < to; ++i) {
      clients.push_back(std::make_unique<Client>(loop, options.way, quiet, i, "u" + std::to_string(i)));
    }
    log_in(loop, clients, options.concurrent, 600);
    return clients;
  };
  // The first sessions pay for what the server sets up once.
  const auto first = log_in_some(0, options.clients / 10);
  loop.until([] { return false; }, options.seconds);
  const std::uint64_t before = meter.pss_bytes();
  const auto rest = log_in_some(options.clients / 10, options.clients);
  loop.until([] { return false; }, options.seconds);
  const std::uint64_t after = meter.pss_bytes();
  Measurement measured(meter);
  measured.begin();
  loop.until([] { return false; }, options.seconds);
  measured.end(options.clients);
  const double each = (static_cast<double>(after) - static_cast<double>(before)) / static_cast<double>(rest.size());
  nlohmann::json json = measured.report();
  json["sessions"] = options.clients;
  json["pss_before"] = before;
  json["pss_after"] = after;
  json["bytes_per_session"] = each;
  return json;
}

}  // namespace load
