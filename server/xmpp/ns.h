// Namespaces of the core protocols. A XEP's own namespace stands beside its code.
#pragma once

#include <string_view>

namespace xmpp::ns {

inline constexpr std::string_view client = "jabber:client";
inline constexpr std::string_view server = "jabber:server";
inline constexpr std::string_view stream = "http://etherx.jabber.org/streams";
inline constexpr std::string_view stanza_errors = "urn:ietf:params:xml:ns:xmpp-stanzas";
inline constexpr std::string_view stream_errors = "urn:ietf:params:xml:ns:xmpp-streams";
inline constexpr std::string_view tls = "urn:ietf:params:xml:ns:xmpp-tls";
inline constexpr std::string_view sasl = "urn:ietf:params:xml:ns:xmpp-sasl";
inline constexpr std::string_view bind = "urn:ietf:params:xml:ns:xmpp-bind";
inline constexpr std::string_view session = "urn:ietf:params:xml:ns:xmpp-session";
inline constexpr std::string_view roster = "jabber:iq:roster";
inline constexpr std::string_view rosterver = "urn:xmpp:features:rosterver";
inline constexpr std::string_view preapproval = "urn:xmpp:features:pre-approval";
inline constexpr std::string_view sasl2 = "urn:xmpp:sasl:2";                               // XEP-0388
inline constexpr std::string_view bind2 = "urn:xmpp:bind:0";                               // XEP-0386
inline constexpr std::string_view sm = "urn:xmpp:sm:3";                                    // XEP-0198
inline constexpr std::string_view limits = "urn:xmpp:stream-limits:0";                     // XEP-0478
inline constexpr std::string_view channel_binding = "urn:xmpp:sasl-cb:0";                  // XEP-0440
inline constexpr std::string_view csi = "urn:xmpp:csi:0";                                  // XEP-0352
inline constexpr std::string_view carbons = "urn:xmpp:carbons:2";                          // XEP-0280
inline constexpr std::string_view forward = "urn:xmpp:forward:0";                          // XEP-0297
inline constexpr std::string_view delay = "urn:xmpp:delay";                                // XEP-0203
inline constexpr std::string_view sid = "urn:xmpp:sid:0";                                  // XEP-0359
inline constexpr std::string_view hints = "urn:xmpp:hints";                                // XEP-0334
inline constexpr std::string_view data_forms = "jabber:x:data";                            // XEP-0004
inline constexpr std::string_view rsm = "http://jabber.org/protocol/rsm";                  // XEP-0059
inline constexpr std::string_view disco_info = "http://jabber.org/protocol/disco#info";    // XEP-0030
inline constexpr std::string_view disco_items = "http://jabber.org/protocol/disco#items";  // XEP-0030
inline constexpr std::string_view registration = "jabber:iq:register";                     // XEP-0077

}  // namespace xmpp::ns
