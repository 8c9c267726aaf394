// What an error says of whoever it comes from: a session that isn't there any more, or a whole server (XEP-0045 11.1,
// 18.1.2).
#pragma once

#include "router/router.h"

namespace muc {

bool tells_of_lost_session(const xmpp::Stanza& error);
/// Our own server says so of one that it can't reach; nobody else is believed.
bool tells_of_lost_server(const router::Router& router, const router::Packet& error);

}  // namespace muc
