// The operations on accounts and their sessions; see operations.h for their callers' side.
#pragma once

#include "admin/operations.h"

namespace admin {

/// "jid", and "password" unless one is to be made; the answer has "jid" and a made "password".
void add_account(const Environment& environment, const nlohmann::json& arguments, Done done);
void set_password(const Environment& environment, const nlohmann::json& arguments, Done done);
void delete_account(const Environment& environment, const nlohmann::json& arguments, Done done);
void enable_account(const Environment& environment, const nlohmann::json& arguments, Done done);
void disable_account(const Environment& environment, const nlohmann::json& arguments, Done done);
/// A page of "accounts" in the order of hosts and names, beginning behind "after"; "more" is true where it is not all.
void list_accounts(const Environment& environment, const nlohmann::json& arguments, Done done);
/// "sessions" of all shards, or of the account "jid"; "total" counts those left out too.
void list_sessions(const Environment& environment, const nlohmann::json& arguments, Done done);
/// Ends a session, or all of a bare address; "ended" says how many.
void kick(const Environment& environment, const nlohmann::json& arguments, Done done);

}  // namespace admin
