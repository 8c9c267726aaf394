// The operations on the token service; see operations.h for their callers' side.
#pragma once

#include "admin/operations.h"

namespace admin {

/// The newest "tokens" that were handed out, in order: the last "last" (50 unless said), of "caller" or of all.
void audit_tokens(const Environment& environment, const nlohmann::json& arguments, Done done);
/// The "keys": ids and algorithms, and which one signs.
void list_token_keys(const Environment& environment, const nlohmann::json& arguments, Done done);

}  // namespace admin
