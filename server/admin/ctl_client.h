// The command line's side of the control socket: blocking, one request at a time.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "base/result.h"
#include "net/fd.h"

namespace admin {

class CtlClient {
 public:
  /// An error says whether no server runs there, or its folder is somebody else's.
  static base::Result<CtlClient> connect(const std::string& data_folder);

  /// The answer of an operation that succeeded; what the server said went wrong otherwise.
  base::Result<nlohmann::json> ask(const nlohmann::json& request);

 private:
  base::Result<std::string> read_line();
  net::Fd socket_;
};

}  // namespace admin
