// What a client sends: addresses, the outbound steps, then the bus.
#pragma once

#include "accounts/account.h"

namespace accounts {

/// Takes a slot for `element` and sees it on its way; errors are answered. False if its `from` is somebody else's, for
/// which the stream has to end (RFC 6120 8.1.2.1).
bool outbound(Account& account, Session& session, xml::Document element);

}  // namespace accounts
