// Opens connections to hosts by name: over TCP in net/tcp_dialer.h, on virtual time in tests/sim/sim_dialer.h.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "base/function.h"
#include "base/result.h"
#include "net/tcp_transport.h"
#include "net/tls_client.h"

namespace net {

struct DialOptions {
  /// Of name, connection and TLS together; the addresses of the name share it.
  base::Duration deadline = std::chrono::seconds(10);
  /// Whom to believe, over TLS from the first byte; null: plain.
  base::Ref<const TlsTrust> tls;
  KeepAlive keep_alive{.idle_seconds = 30, .probe_seconds = 7, .probes = 3};
  /// What was sent and is not acknowledged for so long ends the connection. With this the system counts no probes but
  /// the time, so it has to be about what they take.
  std::chrono::seconds unacknowledged{50};
};

/// One loop's.
class Dialer {
 public:
  /// A connection that is not started; TLS stands and the peer is who it should be.
  using Done = base::Fn<void(base::Result<std::unique_ptr<Transport>>)>;

  /// One that is under way. Destroying it gives up without a call.
  class Call {
   public:
    virtual ~Call() = default;
  };

  virtual ~Dialer() = default;

  /// Finds the name anew and tries its addresses in turn. `done` once, in a later step; it may destroy the call.
  [[nodiscard]] virtual std::unique_ptr<Call> dial(const std::string& host, std::uint16_t port,
                                                   const DialOptions& options, Done done) = 0;
};

}  // namespace net
