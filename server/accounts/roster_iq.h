// Roster requests (RFC 6121 2) of an account's own clients.
#pragma once

#include "accounts/accounts.h"

namespace accounts {

void register_roster(router::Registry& registry, Accounts& accounts);

}  // namespace accounts
