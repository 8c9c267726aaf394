// Reads the configuration of chat_admin_server, which the token service takes the place of.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/secret.h"

namespace admin {

struct Import {
  std::string xml;                   ///< to paste into exedra.xml
  base::Secret secret;               ///< belongs into the file that the XML names
  std::vector<std::string> remarks;  ///< what an administrator should know, a sentence each; never the secret
  bool secret_is_short = false;      ///< the service would refuse it
};

/// `text` is JSON; a comma before a closing bracket, as the example had it, is a remark. `secret_file` is where the
/// secret will lie.
base::Result<Import> import_chat_admin(std::string_view text, const std::string& secret_file);

}  // namespace admin
