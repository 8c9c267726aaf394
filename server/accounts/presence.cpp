#include "accounts/presence.h"

#include <charconv>
#include <optional>
#include <utility>

#include "accounts/subscriptions.h"

namespace accounts {
namespace {

using router::Origin;
using router::Packet;
using router::PacketRef;
using xmpp::Condition;
using xmpp::Type;

/// RFC 6121 4.7.2.3: an integer between -128 and 127; 0 if absent. Nothing if it is something else.
std::optional<int> priority_of(const xmpp::Stanza& presence) {
  const xml::Element* child = presence.child(presence.root().ns(), "priority");
  if (child == nullptr) return 0;
  const std::string text = child->text();
  std::string_view digits = text;
  constexpr std::string_view kSpace = " \t\r\n";
  digits.remove_prefix(std::min(digits.find_first_not_of(kSpace), digits.size()));
  digits = digits.substr(0, digits.find_last_not_of(kSpace) + 1);
  if (digits.starts_with('+')) digits.remove_prefix(1);
  int value = 0;
  const auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (code != std::errc() || end != digits.data() + digits.size() || value < -128 || value > 127) return std::nullopt;
  return value;
}

xmpp::StanzaRef unavailable() { return xmpp::share(xmpp::make_presence(Type::unavailable)); }

void post(Account& account, const xmpp::StanzaRef& stanza, const xmpp::Jid& from, const xmpp::Jid& to,
          const base::Ref<base::Held>& ticket = {}) {
  account.router().post(base::make_ref<const Packet>(stanza, from, to, Origin::session, ticket));
}

/// A feature keeps this account's presence from the contact, whatever the roster says (XEP-0191 3.3).
bool hides_from(Account& account, const xmpp::Jid& contact) {
  for (const auto& hides : account.shard().points.hides_from)
    if (hides(account, contact)) return true;
  return false;
}

/// To one of our own sessions.
void show(Session& to, const xmpp::StanzaRef& stanza, const xmpp::Jid& from) {
  to.send({.stanza = stanza, .from = from, .to = to.jid(), .overlay = {}, .receipt = {}, .kept = true});
}

void to_own_sessions(Account& account, const xmpp::StanzaRef& stanza, const xmpp::Jid& from) {
  for (const auto& other : account.bound())
    if (other->available()) show(*other, stanza, from);
}

/// Each copy holds the ticket: a client isn't read while its last change of presence still goes round.
void to_subscribers(Account& account, const Packet& packet, const xmpp::StanzaRef& stanza) {
  for (const auto& [contact, item] : account.roster().items())
    if (item.subscription.from && !hides_from(account, contact))
      post(account, stanza, packet.from(), contact, packet.ticket());
}

/// RFC 6121 4.2.2: what the others show, and probes for whom we may see. Pending requests are seen at each login
/// (3.1.3).
void introduce(Account& account, Session& session, const Packet& packet) {
  for (const auto& other : account.bound())
    if (other.get() != &session && other->available()) show(session, other->presence()->share(), other->jid());
  const xmpp::StanzaRef probe = xmpp::share(xmpp::make_presence(Type::probe));
  for (const auto& [contact, item] : account.roster().items())
    if (item.subscription.to && !hides_from(account, contact))
      post(account, probe, session.jid(), contact, packet.ticket());
  show_requests(account, session);
}

void become_available(Account& account, Session& session, const Packet& packet) {
  const std::optional<int> priority = priority_of(packet.stanza());
  if (!priority) return account.router().bounce(packet, {Condition::bad_request, "priority is no number in range"});
  const bool initial = !session.available();
  // Without the ticket, because it stays; one a session, so each byte counts.
  session.set_presence(
      base::make_ref<const Packet>(packet.stanza().compact(), packet.from(), packet.to(), packet.origin()), *priority);
  to_subscribers(account, packet, packet.share());
  to_own_sessions(account, packet.share(), packet.from());
  if (initial) introduce(account, session, packet);
  if (*priority < 0 || std::exchange(session.took_messages, true)) return;
  for (const auto& step : account.shard().points.session_available) step(account, session);
}

void drop_directed(Session& session, const xmpp::Jid& peer) {
  if (session.directed->contains(peer)) session.directed.get().erase(peer);
}

/// RFC 6121 4.6.3: those who got directed presence, and don't get the broadcast.
void end_directed(Account& account, Session& session, const Packet& packet, bool was_broadcast) {
  const auto directed = std::exchange(session.directed, {});
  for (const xmpp::Jid& peer : *directed) {
    if ((was_broadcast && account.roster().subscription(peer.bare()).from) || hides_from(account, peer)) continue;
    post(account, packet.share(), packet.from(), peer, packet.ticket());
  }
}

void become_unavailable(Account& account, Session& session, const Packet& packet) {
  const bool was_available = session.available();
  if (was_available) {
    to_subscribers(account, packet, packet.share());
    to_own_sessions(account, packet.share(), packet.from());
  }
  session.clear_presence();
  end_directed(account, session, packet, was_available);
}

}  // namespace

void broadcast(Account& account, Session& session, const PacketRef& packet) {
  const Type type = packet->stanza().type();
  if (type == Type::available) return become_available(account, session, *packet);
  if (type == Type::unavailable) return become_unavailable(account, session, *packet);
  if (type != Type::error && type != Type::probe) account.router().bounce(*packet, Condition::bad_request);
}

void direct(Account& account, Session& session, const PacketRef& packet) {
  if (packet->stanza().type() == Type::unavailable) {
    drop_directed(session, packet->to());
  } else if (session.directed->size() < account.shard().limits().directed_presences) {
    session.directed.get().insert(packet->to());
  } else if (!session.directed->contains(packet->to())) {
    // Forgotten, it could not be told when the session ends.
    return account.router().bounce(*packet, {Condition::resource_constraint, "too many directed presences"});
  }
  account.router().post(packet);
}

void leave(Account& account, Session& session) {
  const Packet packet(unavailable(), session.jid(), {}, Origin::session);
  become_unavailable(account, session, packet);
}

void answer_probe(Account& account, const Packet& probe) {
  const xmpp::Jid asking = probe.from().bare();
  if (hides_from(account, probe.from())) return;
  if (!account.roster().subscription(asking).from && asking != account.jid()) {
    // RFC 6121 4.3.2, first rule: it believes in a subscription that isn't there (or watches directed presence).
    for (const auto& session : account.bound())
      if (session->directed->contains(probe.from()) || session->directed->contains(asking)) return;
    const auto refusal = xmpp::share(xmpp::make_presence(Type::unsubscribed));
    return account.router().post(base::make_ref<const Packet>(refusal, account.jid(), asking, Origin::server));
  }
  if (!account.any_available()) return post(account, unavailable(), account.jid(), probe.from());
  for (const auto& session : account.bound())
    if (session->available()) post(account, session->presence()->share(), session->jid(), probe.from());
}

void presence_to_domain(Account& account, std::string_view domain, bool available) {
  for (const auto& [contact, item] : account.roster().items())
    if (item.subscription.from && contact.domain() == domain) presence_to(account, contact, available);
}

void forget_directed(Account& account, const xmpp::Jid& peer) {
  for (const auto& session : account.bound()) drop_directed(*session, peer);
}

void presence_to(Account& account, const xmpp::Jid& contact, bool available) {
  if (hides_from(account, contact)) return;
  for (const auto& session : account.bound()) {
    if (!session->available()) continue;
    post(account, available ? session->presence()->share() : unavailable(), session->jid(), contact);
  }
}

}  // namespace accounts
