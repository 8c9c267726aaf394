// The production Dialer: TCP sockets on an AsioLoop.
#pragma once

#include "net/asio_loop.h"
#include "net/dialer.h"
#include "net/resolver.h"

namespace net {

class TcpDialer final : public Dialer {
 public:
  /// Both outlive it and its calls.
  TcpDialer(AsioLoop& loop, Resolver& resolver) : loop_(loop), resolver_(resolver) {}
  [[nodiscard]] std::unique_ptr<Call> dial(const std::string& host, std::uint16_t port, const DialOptions& options,
                                           Done done) override;

 private:
  class Attempt;
  class Handle;
  AsioLoop& loop_;
  Resolver& resolver_;
};

}  // namespace net
