// What only a room may say in a stanza that it sends (SECURITY M04).
#pragma once

#include "xml/element.h"
#include "xmpp/jid.h"

namespace muc {

/// To be left out of what a client sent: XEP-0045 17.3, XEP-0421 3, hats (XEP-0317), tombstones (XEP-0424, XEP-0425),
/// delays by the room's service.
bool is_the_rooms(const xml::Element& child, const xmpp::Jid& room);

}  // namespace muc
