// How rooms and hosts ask for a meeting's link (XEP-0483). Whoever claims the address is the token service; while
// nobody does, there are no links.
//
// The request is an iq get from the room's address, or from the account's where its host was asked, of Origin::server;
// what clients write comes as Origin::session and is to be refused. It holds what was asked for, and who that is:
//   <query xmlns='urn:xmpp:http:online-meetings:0' type='jitsi' id='the meeting'>
//     <desc>…</desc>                                                            as the asker wrote it, or absent
//     <for xmlns='urn:exedra:tokens:1' jid='bare address' id='…' nick='…' moderator='true'/>
//   </query>
// `jid` is for the service alone. `id` is what the others may know a person by: the same address, or a room's occupant
// id (XEP-0421) where it hides addresses. A host knows no nickname and leaves it out.
// The answer is what XEP-0483 says, `<query/>` with the URL or an error.
#pragma once

#include <string>
#include <string_view>

#include "router/registry.h"

namespace router {

/// Nobody's on the network (RFC 6761 6.4).
inline constexpr std::string_view kTokenService = "tokens.invalid";
inline constexpr std::string_view kTokenServiceNs = "urn:exedra:tokens:1";
inline constexpr std::string_view kMeetings = "urn:xmpp:http:online-meetings:0";
inline constexpr std::string_view kCallInvites = "urn:xmpp:call-invites:0";  // XEP-0482
/// Features of who gives links (XEP-0483 3.1).
inline constexpr std::string_view kMeetingInitiation = "urn:xmpp:http:online-meetings:initiate:0";
inline constexpr std::string_view kJitsiMeetings = "urn:xmpp:http:online-meetings#jitsi";
/// The one type of meeting.
inline constexpr std::string_view kJitsi = "jitsi";

/// Hands what the service said to whoever asked, without the question.
void pass_on(const Reply& reply, Responder asker);

struct MeetingLinks {
  std::string own;     ///< with the asker's token
  std::string others;  ///< to be given away
};
/// The links alone, or why there are none.
base::Result<MeetingLinks, xmpp::StanzaError> links_in(const Reply& reply);

}  // namespace router
