// From a list of places to one connection: tries them as XEP-0495 and RFC 8305 ("Happy Eyeballs") say, so that a dead
// address costs a quarter of a second and not a minute.
#pragma once

#include <cstddef>
#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "net/dialer.h"
#include "net/dns.h"
#include "net/targets.h"

namespace net {

struct ConnectOptions {
  base::Duration deadline = std::chrono::seconds(30);             ///< of names and connections together
  base::Duration attempt_delay = std::chrono::milliseconds(250);  ///< RFC 8305 section 5
  base::Duration resolution_delay =
      std::chrono::milliseconds(50);  ///< that a target's name may come after a later one's
  /// Whether the DNS may send us to private networks and this host (SECURITY F05). What the operator forces always may.
  bool private_addresses = false;
  DialOptions dial;  ///< of one attempt; whatever the target, in plain, for TLS is with the domain and not with a host
};

struct Connected {
  std::unique_ptr<Transport> transport;  ///< not started
  std::size_t number = 0;                ///< of the target in the list given
  bool secure = false;                   ///< DNSSEC proves target and address
};

struct ConnectFailure {
  bool not_found = false;  ///< there is no address to try; else nobody answered or names could not be found out
  std::string what;        ///< the last thing that failed, for the operator
};

/// One loop's.
class Connector {
 public:
  /// Once, in a later step; may destroy the call.
  using Done = base::Fn<void(std::expected<Connected, ConnectFailure>)>;

  /// One that is under way. Destroying it gives up without a call.
  class Call;

  /// All outlive it and its calls.
  Connector(base::Loop& loop, Dns& dns, Dialer& dialer) : loop_(loop), dns_(dns), dialer_(dialer) {}

  /// Targets of one priority at a time, in the order given; the first connection wins.
  [[nodiscard]] std::unique_ptr<Call> connect(std::vector<Target> targets, const ConnectOptions& options, Done done);

 private:
  base::Loop& loop_;
  Dns& dns_;
  Dialer& dialer_;
};

class Connector::Call {
 public:
  virtual ~Call() = default;
};

}  // namespace net
