// "certs request" of the command line: a key and a request for a certificate, beside the files that the server has.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "base/result.h"

namespace admin {

/// Writes both for `host` and all names that its certificate has to have: its rooms, and other hosts with the same
/// file. `listed` is the server's answer to "certs list". What comes back says what was written and what to do with it:
/// {"host","request","key","names","text"}. Blocks on disk.
base::Result<nlohmann::json> request_certificate(const nlohmann::json& listed, const std::string& host, bool dns_only);

}  // namespace admin
