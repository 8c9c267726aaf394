// Accepts connections on one address and hands each to a loop of the caller's choice.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "net/asio_loop.h"
#include "net/tcp_transport.h"

namespace net {

class Listener {
 public:
  /// Called on the listener's loop for each connection: the loop it will live on.
  using Choose = std::function<AsioLoop&()>;
  /// Called on the chosen loop, from several threads when there are several loops.
  using Accepted = std::function<void(AsioLoop&, std::unique_ptr<Transport>)>;

  /// `address` in numbers, IPv4 or IPv6 ("::" takes both); port 0 lets the system choose. The loop's thread, or
  /// before it runs.
  static base::Result<std::unique_ptr<Listener>> open(AsioLoop& loop, const std::string& address, std::uint16_t port,
                                                      Choose choose, Accepted accepted, TcpLimits limits = {});
  /// Stops accepting; connections handed over live on.
  ~Listener();

  std::uint16_t port() const;
  /// Out of descriptors or memory: callers wait in the backlog. A few descriptors are kept for other things.
  bool paused() const;

 private:
  class Core;
  explicit Listener(std::shared_ptr<Core> core) : core_(std::move(core)) {}
  std::shared_ptr<Core> core_;
};

}  // namespace net
