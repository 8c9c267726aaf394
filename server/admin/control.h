// The control socket: one JSON object a line in, one a line out, for the user who runs the server.
//   {"op":"account add","jid":"romeo@example.org"}  ->  {"ok":true,…}  or  {"ok":false,"error":"…"}
#pragma once

#include <memory>
#include <string>

#include "admin/operations.h"
#include "base/result.h"
#include "net/asio_loop.h"

namespace admin {

/// Bounds of the socket.
struct ControlLimits {
  std::size_t request_bytes = 64 * 1024;
  std::size_t connections = 32;
  base::Duration request = std::chrono::seconds(30);     ///< for a request to arrive
  base::Duration operation = std::chrono::seconds(600);  ///< for its answer and the answer's way
};

/// Belongs to the shard whose loop and environment it has. On its thread, or before it runs.
class Control {
 public:
  static base::Result<std::unique_ptr<Control>> open(net::AsioLoop& loop, const std::string& path,
                                                     const Environment& environment, ControlLimits limits = {});
  ~Control();

 private:
  struct State;
  explicit Control(std::shared_ptr<State> state) : state_(std::move(state)) {}
  std::shared_ptr<State> state_;  ///< answers that come late find out that it is gone
};

}  // namespace admin
