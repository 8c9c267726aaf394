// Namespaces of XEP-0045.
#pragma once

#include <string_view>

namespace muc::ns {

inline constexpr std::string_view muc = "http://jabber.org/protocol/muc";
inline constexpr std::string_view user = "http://jabber.org/protocol/muc#user";
inline constexpr std::string_view admin = "http://jabber.org/protocol/muc#admin";
inline constexpr std::string_view owner = "http://jabber.org/protocol/muc#owner";
inline constexpr std::string_view registration = "http://jabber.org/protocol/muc#register";
inline constexpr std::string_view hats = "urn:xmpp:hats:0";                                             // XEP-0317
inline constexpr std::string_view self_ping = "http://jabber.org/protocol/muc#self-ping-optimization";  // XEP-0410
inline constexpr std::string_view occupant_id = "urn:xmpp:occupant-id:0";                               // XEP-0421
inline constexpr std::string_view retract = "urn:xmpp:message-retract:1";                               // XEP-0424
inline constexpr std::string_view moderate = "urn:xmpp:message-moderate:1";                             // XEP-0425

inline constexpr std::string_view vcard = "vcard-temp";                          // XEP-0054
inline constexpr std::string_view token_invite = "urn:xmpp:muc-token-invite:0";  // XEP-0488

}  // namespace muc::ns
