// Accepts connections on a Unix socket from processes of the same user, or of root.
#pragma once

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
  /// Stops accepting and removes the socket; connections handed over live on.
  ~UnixListener();

 private:
  class Core;
  explicit UnixListener(std::shared_ptr<Core> core) : core_(std::move(core)) {}
  std::shared_ptr<Core> core_;  ///< shared with the pending accept
};

}  // namespace net
