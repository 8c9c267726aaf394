// How a room asks for a meeting's link (XEP-0483). Whoever claims the address is the token service; while nobody does,
// rooms answer service-unavailable.
//
// The request is an iq get from the room's address, of Origin::server; what clients write comes as Origin::session and
// is to be refused. It holds what the occupant asked for, and who that is:
//   <query xmlns='urn:xmpp:http:online-meetings:0' type='jitsi' id='the meeting room'>
//     <desc>…</desc>                                                            as the occupant wrote it, or absent
//     <for xmlns='urn:exedra:tokens:1' jid='bare address' nick='…' moderator='true'/>
//   </query>
// The answer is what XEP-0483 says, `<query/>` with the URL or an error; the occupant gets it as it is.
#pragma once

#include <string_view>

namespace router {

/// Nobody's on the network (RFC 6761 6.4).
inline constexpr std::string_view kTokenService = "tokens.invalid";
inline constexpr std::string_view kTokenServiceNs = "urn:exedra:tokens:1";

}  // namespace router
