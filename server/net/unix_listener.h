// Accepts connections on a Unix socket from processes of the same user, of root, or of users that are named.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "net/asio_loop.h"
#include "net/tcp_transport.h"

namespace net {

class UnixListener {
 public:
  /// On the listener's loop, for each connection.
  using Accepted = std::function<void(std::unique_ptr<Transport>)>;

  /// Makes the socket `path` with mode 0600; one left by a process that died is replaced. The folder should let nobody
  /// else in. The loop's thread, or before it runs.
  static base::Result<std::unique_ptr<UnixListener>> open(AsioLoop& loop, const std::string& path, Accepted accepted,
                                                          TcpLimits limits = {});

  /// Whether a process of this user may come; asked for each that is neither ours nor root's.
  using Admit = std::function<bool(std::uint32_t user)>;
  /// With the user whose process it is.
  using AcceptedFrom = std::function<void(std::unique_ptr<Transport>, std::uint32_t user)>;
  /// The same for others too: the socket's mode is 0666, and who comes is judged by what the kernel says of the peer.
  static base::Result<std::unique_ptr<UnixListener>> open_to(AsioLoop& loop, const std::string& path, Admit admit,
                                                             AcceptedFrom accepted, TcpLimits limits = {});
  /// Stops accepting and removes the socket; connections handed over live on.
  ~UnixListener();

 private:
  class Core;
  explicit UnixListener(std::shared_ptr<Core> core) : core_(std::move(core)) {}
  std::shared_ptr<Core> core_;  ///< shared with the pending accept
};

}  // namespace net
