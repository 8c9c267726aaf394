// Presence of an account's sessions (RFC 6121 4): broadcast, probes, directed presence.
#pragma once

#include "accounts/account.h"

namespace accounts {

/// A client's presence without `to` (4.2, 4.4, 4.5).
void broadcast(Account& account, Session& session, const router::PacketRef& packet);
/// A client's presence of type available or unavailable with `to` (4.6); routes it.
void direct(Account& account, Session& session, const router::PacketRef& packet);
/// The session has ended and was taken out: everybody who knew of it gets unavailable (4.5, 4.6.3).
void leave(Account& account, Session& session);
/// RFC 6121 4.3.2.
void answer_probe(Account& account, const router::Packet& probe);
/// What was directed at `peer` came back with an error.
void forget_directed(Account& account, const xmpp::Jid& peer);
/// Presence of every available session, as it is or unavailable, to one contact, unless a feature hides it.
void presence_to(Account& account, const xmpp::Jid& contact, bool available);
/// The same to every contact of a domain that may see it.
void presence_to_domain(Account& account, std::string_view domain, bool available);

}  // namespace accounts
