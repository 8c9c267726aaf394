#include "accounts/outbound.h"

#include <optional>
#include <utility>

#include "accounts/inbound.h"
#include "accounts/presence.h"
#include "accounts/subscriptions.h"
#include "xmpp/ns.h"

namespace accounts {
namespace {

using router::Origin;
using router::Packet;
using router::PacketRef;
using router::Passage;
using xmpp::Condition;
using xmpp::Kind;
using xmpp::StanzaError;
using xmpp::Type;

/// Its own bare or full address is what a client may claim (SECURITY C03); the full one is stamped anyway.
bool may_be_from(const xml::Element& root, const xmpp::Jid& own) {
  const auto text = root.find_attr("from");
  if (!text || *text == own.str()) return true;
  const auto from = xmpp::Jid::parse(*text);
  return from && (*from == own || *from == own.bare());
}

/// Answered as the kind it claims to be. RFC 6120 8.1.3 wants an id on every iq, so the answer to one without has an
/// id all the same, which matches nothing.
void answer_unreadable(Session& session, const xml::Element& claim, const xmpp::Jid& from, const StanzaError& error) {
  const bool iq = claim.name() == xmpp::to_string(Kind::iq);
  const std::string_view type = claim.attr("type"), id = claim.attr("id");
  if (type == xmpp::to_string(Type::error) || (iq && type == xmpp::to_string(Type::result))) return;
  xml::Document like(xmpp::ns::client, claim.name());
  if (iq) like.root().set_attr("type", "get").add("query");
  if (iq || !id.empty()) like.root().set_attr("id", id.empty() ? "none" : id);
  auto stanza = xmpp::Stanza::parse(std::move(like));
  if (!stanza) return;
  session.send({.stanza = xmpp::make_error(**stanza, error),
                .from = from,
                .to = session.jid(),
                .overlay = {},
                .receipt = {},
                .kept = true});
}

/// A roster belongs to its account alone (SECURITY C08).
bool asks_for_foreign_roster(const Account& account, const Packet& packet) {
  const xml::Element* payload = packet.stanza().payload();
  return packet.stanza().is_request() && payload != nullptr && payload->ns() == xmpp::ns::roster &&
         packet.to() != account.jid();
}

/// RFC 6120 10.3.3, 10.5.3: what this server answers itself doesn't leave the shard.
void iq(Account& account, const PacketRef& packet) {
  Shard& shard = account.shard();
  const bool own = packet->to() == account.jid();
  if (asks_for_foreign_roster(account, *packet)) return shard.router.bounce(*packet, Condition::forbidden);
  if (own && packet->stanza().is_request()) {
    shard.registry.handle(shard.router, router::Target::account, packet);
  } else if (packet->to().is_domain() && packet->stanza().is_request() &&
             shard.router.settings().host(packet->to().domain()) != nullptr) {
    shard.registry.handle(shard.router, router::Target::server, packet);
  } else if (own) {
    shard.router.settle(packet);  // or nobody asked
  } else {
    shard.router.post(packet);
  }
}

void presence(Account& account, Session& session, Passage& passage) {
  const PacketRef packet = passage.packet;
  if (packet->to().empty()) return broadcast(account, session, packet);
  switch (packet->stanza().type()) {
    case Type::available:
    case Type::unavailable: return direct(account, session, packet);
    case Type::subscribe:
    case Type::subscribed:
    case Type::unsubscribe:
    case Type::unsubscribed: return outbound_subscription(account, passage);
    default: return account.router().post(packet);
  }
}

void dispatch(Account& account, Session& session, Passage& passage) {
  switch (passage.packet->stanza().kind()) {
    case Kind::presence: return presence(account, session, passage);
    case Kind::iq: return iq(account, passage.packet);
    case Kind::message:
      account.router().post(passage.packet);
      for (const auto& step : account.shard().points.delivered) step(passage, {});
  }
}

/// RFC 6120 10.3: without `to`, a message or an iq is for the own account and a presence for all subscribers.
base::Result<xmpp::Jid, xmpp::JidError> address(const xmpp::Stanza& stanza, Account& account) {
  if (const auto text = stanza.root().find_attr("to")) return account.shard().addresses.parse(*text);
  return stanza.kind() == Kind::presence ? xmpp::Jid() : account.jid();
}

}  // namespace

bool outbound(Account& account, Session& session, xml::Document element) {
  Shard& shard = account.shard();
  const base::Ref<Ticket> ticket = shard.windows.take(session.id());
  if (!may_be_from(element.root(), session.jid())) return false;
  auto stanza = xmpp::Stanza::parse(std::move(element));
  if (!stanza) {
    // NOLINTNEXTLINE(bugprone-use-after-move): what is refused was not moved
    answer_unreadable(session, element.root(), account.jid(), stanza.error());
    return true;
  }
  const auto to = address(**stanza, account);
  if (!to) {
    const Packet wrong(*stanza, session.jid(), account.jid(), Origin::session, ticket);
    shard.router.bounce(wrong, Condition::jid_malformed);
    return true;
  }
  const router::SessionId id = session.id();  // the session may end meanwhile
  shard.windows.remember(id, *stanza, to->empty() ? account.jid() : *to);
  const auto packet = base::make_ref<const Packet>(*stanza, session.jid(), *to, Origin::session, ticket);
  Passage passage{.packet = packet, .account = account, .session = &session, .overlay = {}, .rows = ticket};
  if (pass(shard, shard.points.outbound, passage)) dispatch(account, session, passage);
  account.watch(*ticket, 0);
  // Held here, by the passage, and by each packet that is on its way.
  constexpr std::uint32_t kHere = 2;
  if (const std::uint32_t holders = ticket->holders(); holders > kHere + 1) shard.windows.weigh(id, holders - kHere);
  return true;
}

}  // namespace accounts
