// Who can be dialled in a simulated world: listeners by host and port, and what goes wrong on the way to them.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "net/dialer.h"
#include "sim/sim_transport.h"

namespace sim {

class SimDialer final : public net::Dialer {
 public:
  using Accept = std::function<void(Peer)>;

  explicit SimDialer(SimLoop& loop) : loop_(loop) {}

  /// From now on `accept` gets the other end of each connection; where nobody listens a call is refused.
  void listen(const std::string& host, std::uint16_t port, Accept accept) {
    listeners_[{host, port}] = std::move(accept);
  }
  void close(const std::string& host, std::uint16_t port) { listeners_.erase({host, port}); }
  /// Calls to there are answered after `time`, whatever `latency` is.
  void delay(const std::string& host, std::uint16_t port, base::Duration time) { delays_[{host, port}] = time; }

  LinkOptions link;                     ///< of the connections to come
  base::Duration latency{0};            ///< until a call is answered
  bool silent = false;                  ///< calls are not answered at all: they end by their deadline
  std::size_t calls = 0;                ///< so far
  base::Ref<const net::TlsTrust> last;  ///< that the last call asked for

  [[nodiscard]] std::unique_ptr<Call> dial(const std::string& host, std::uint16_t port, const net::DialOptions& options,
                                           Done done) override;

 private:
  class Attempt;
  SimLoop& loop_;
  std::map<std::pair<std::string, std::uint16_t>, Accept> listeners_;
  std::map<std::pair<std::string, std::uint16_t>, base::Duration> delays_;
};

}  // namespace sim
