#include "sim/sim_dialer.h"

namespace sim {

class SimDialer::Attempt final : public Call {
 public:
  Attempt(SimDialer& dialer, std::pair<std::string, std::uint16_t> to, base::Duration deadline, Done done)
      : dialer_(dialer), to_(std::move(to)), done_(std::move(done)) {
    const auto found = dialer.delays_.find(to_);
    const base::Duration time = found != dialer.delays_.end() ? found->second : dialer.latency;
    const bool answered = !dialer.silent && time < deadline;
    timer_ = base::Timer(dialer.loop_, answered ? time : deadline, [this, answered] { end(answered); });
  }

 private:
  void end(bool answered) {
    Done done = std::move(done_);  // may destroy us
    if (!answered) return done(base::failure("connecting to " + to_.first + ": no answer"));
    const auto listener = dialer_.listeners_.find(to_);
    if (listener == dialer_.listeners_.end())
      return done(base::failure("connecting to " + to_.first + ": Connection refused"));
    auto [transport, peer] = make_link(dialer_.loop_, dialer_.link);
    const Accept accept = listener->second;
    done(std::move(transport));
    accept(std::move(peer));
  }

  SimDialer& dialer_;
  std::pair<std::string, std::uint16_t> to_;
  Done done_;
  base::Timer timer_;
};

std::unique_ptr<net::Dialer::Call> SimDialer::dial(const std::string& host, std::uint16_t port,
                                                   const net::DialOptions& options, Done done) {
  ++calls;
  last = options.tls;
  return std::make_unique<Attempt>(*this, std::pair(host, port), options.deadline, std::move(done));
}

}  // namespace sim
