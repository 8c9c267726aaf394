#include "accounts/inbound.h"

#include <algorithm>
#include <utility>

#include "accounts/presence.h"
#include "accounts/receipt.h"
#include "accounts/recipients.h"
#include "accounts/subscriptions.h"
#include "xmpp/ns.h"

namespace accounts {
namespace {

using router::Packet;
using router::Passage;
using xmpp::Condition;
using xmpp::Kind;
using xmpp::Type;

Recipients choose(Account& account, const Packet& packet) {
  base::SmallVector<Candidate, 4> candidates;
  std::optional<std::size_t> match;
  for (const auto& session : account.bound()) {
    if (session->jid() == packet.to()) match = candidates.size();
    candidates.push_back({.priority = session->priority(), .available = session->available()});
  }
  const Type type = packet.stanza().type();
  return packet.to().is_bare() ? to_bare(type, candidates) : to_full(type, candidates, match);
}

/// RFC 6121 8.5.2.2.1: stored, or else answered with an error, and then false. What the archive holds is not lost.
bool undelivered(Account& account, Passage& passage) {
  Shard& shard = account.shard();
  for (const auto& step : shard.points.undelivered) {
    const router::Verdict verdict = step(passage);
    if (!verdict.ends()) continue;
    if (verdict.error()) shard.router.bounce(*passage.packet, *verdict.error());
    return !verdict.error();
  }
  if (!passage.archived) shard.router.bounce(*passage.packet, Condition::service_unavailable);
  return passage.archived;
}

/// Taken before anything is sent, since that may end a session and move the others up.
base::SmallVector<router::SessionView*, 4> sessions_at(Account& account, const Chosen& chosen) {
  base::SmallVector<router::SessionView*, 4> sessions;
  for (const std::size_t index : chosen) sessions.push_back(account.bound()[index].get());
  return sessions;
}

void deliver(Account& account, Passage& passage, const Chosen& chosen) {
  const Packet& packet = *passage.packet;
  const bool storable = passage.may_store && is_storable(packet.stanza());
  base::Ref<Copies> copies;
  bool row = false;
  if (storable && !passage.archived) {
    copies = base::make_ref<Copies>(chosen.size());
    row = copies->add_offline_row(account, passage);
  } else if (chosen.size() > 1) {
    copies = base::make_ref<Copies>(chosen.size());
  }
  const auto sessions = sessions_at(account, chosen);
  for (router::SessionView* session : sessions) {
    session->send({.stanza = packet.share(),
                   .from = packet.from(),
                   .to = packet.to(),
                   .overlay = passage.overlay,
                   .receipt = copies,
                   .kept = row || !storable,
                   .archived = passage.archived,
                   .time = account.shard().loop().wall()});
  }
  for (const auto& step : account.shard().points.delivered) step(passage, sessions);
}

void message(Account& account, Passage& passage) {
  const Recipients recipients = choose(account, *passage.packet);
  switch (recipients.outcome) {
    case Outcome::deliver: return deliver(account, passage, recipients.chosen);
    case Outcome::offline:
      if (!undelivered(account, passage) || account.bound().empty()) return;
      // XEP-0280 6: who has a negative priority isn't chosen, and may still want a copy.
      for (const auto& step : account.shard().points.delivered) step(passage, {});
      return;
    case Outcome::service_unavailable:
      return account.shard().router.bounce(*passage.packet, Condition::service_unavailable);
    case Outcome::drop: return;
  }
}

void to_session(Session& session, const Passage& passage) {
  session.send({.stanza = passage.packet->share(),
                .from = passage.packet->from(),
                .to = passage.packet->to(),
                .overlay = passage.overlay,
                .receipt = {},
                .kept = true});
}

/// RFC 6121 8.5.2.1.2, 8.5.3.1.
void presence(Account& account, Passage& passage) {
  const Packet& packet = *passage.packet;
  switch (packet.stanza().type()) {
    case Type::probe: return answer_probe(account, packet);
    case Type::subscribe:
    case Type::subscribed:
    case Type::unsubscribe:
    case Type::unsubscribed: return inbound_subscription(account, passage);
    case Type::error: forget_directed(account, packet.from()); break;
    default: break;
  }
  if (!packet.to().is_bare()) {
    if (Session* session = account.session(packet.to())) to_session(*session, passage);
  } else if (packet.stanza().type() != Type::error) {
    for (const auto& session : account.bound())
      if (session->available()) to_session(*session, passage);
  }
}

/// SECURITY C08: a roster push made by anybody but this server must not reach a client.
bool is_foreign_roster(const Packet& packet) {
  const xml::Element* payload = packet.stanza().payload();
  return packet.stanza().is_request() && packet.origin() != router::Origin::server && payload != nullptr &&
         payload->ns() == xmpp::ns::roster;
}

/// RFC 6121 8.5.2.1.3, 8.5.3. A reply to the bare address answers nothing that was asked (SECURITY C06).
void iq(Account& account, Passage& passage) {
  const Packet& packet = *passage.packet;
  Shard& shard = account.shard();
  if (packet.to().is_bare()) {
    if (packet.stanza().is_request()) shard.registry.handle(shard.router, router::Target::account, passage.packet);
    return;
  }
  Session* session = account.session(packet.to());
  if (session == nullptr || is_foreign_roster(packet)) {
    if (packet.stanza().is_request()) shard.router.bounce(packet, Condition::service_unavailable);
    return;
  }
  to_session(*session, passage);
}

void dispatch(Account& account, Passage& passage) {
  switch (passage.packet->stanza().kind()) {
    case Kind::message: return message(account, passage);
    case Kind::presence: return presence(account, passage);
    case Kind::iq: return iq(account, passage);
  }
}

/// Let go with a row that takes the place of the copies' own.
class Replaced final : public store::Watcher {
 public:
  Replaced(base::Ref<Copies> copies, base::Loop& loop) : copies_(std::move(copies)), loop_(loop) {}
  ~Replaced() override {
    loop_.post([copies = std::move(copies_), kept = durable] {
      if (kept) copies->acknowledged();
    });
  }

 private:
  base::Ref<Copies> copies_;
  base::Loop& loop_;
};

/// Let go with rows that could not go with the ticket themselves: it is held until they are durable.
class Waits final : public store::Watcher {
 public:
  explicit Waits(base::Ref<base::Held> ticket) : ticket_(std::move(ticket)) {}

 private:
  base::Ref<base::Held> ticket_;
};

/// A copy that other sessions of the account have as well, or that was made for one session only (carbons, archive
/// results), is not sent to yet another.
bool belongs_elsewhere(const Account& account, const router::Delivery& delivery) {
  if (delivery.from == account.jid()) return true;
  auto* copies = dynamic_cast<Copies*>(delivery.receipt.get());
  return copies != nullptr && !copies->give_back();
}

}  // namespace

bool pass(Shard& shard, const std::vector<router::DeliveryPoints::StanzaStep>& steps, Passage& passage) {
  for (const auto& step : steps) {
    const router::Verdict verdict = step(passage);
    if (!verdict.ends()) continue;
    if (verdict.error()) shard.router.bounce(*passage.packet, *verdict.error());
    return false;
  }
  return true;
}

void inbound(Account& account, router::PacketRef packet) {
  Shard& shard = account.shard();
  const base::Ref<base::Held> ticket = packet->ticket();
  const bool alone = ticket && !ticket->sealed();
  const base::Ref<base::Held> rows = alone ? ticket : base::Ref<base::Held>(shard.windows.loose());
  store::Unit& unit = store::unit_of(*rows);
  const std::size_t before = unit.rows().size();
  Passage passage{.packet = std::move(packet), .account = account, .session = nullptr, .overlay = {}, .rows = rows};
  if (pass(shard, shard.points.inbound, passage)) dispatch(account, passage);
  account.watch(unit, before);
  if (ticket && !alone && !unit.empty()) unit.attach(base::make_ref<Waits>(ticket));
}

// No inbound step again: what they had to keep is kept, and their marks are in the overlay.
void redeliver(Account& account, router::Delivery delivery) {
  const xmpp::Stanza& stanza = *delivery.stanza;
  Shard& shard = account.shard();
  if (stanza.kind() == Kind::presence || belongs_elsewhere(account, delivery)) return;
  remove_delay(delivery);
  const bool local = shard.router.is_local(delivery.from.domain());
  const auto packet = base::make_ref<const Packet>(delivery.stanza, delivery.from, delivery.to,
                                                   local ? router::Origin::session : router::Origin::remote);
  if (stanza.kind() == Kind::iq) return shard.router.bounce(*packet, Condition::recipient_unavailable);
  const Recipients recipients = choose(account, *packet);
  if (recipients.outcome == Outcome::deliver) {
    if (auto* copies = dynamic_cast<Copies*>(delivery.receipt.get())) copies->hand_out(recipients.chosen.size());
    add_delay(delivery);
    for (router::SessionView* session : sessions_at(account, recipients.chosen)) session->send(delivery);
    return;
  }
  auto* copies = dynamic_cast<Copies*>(delivery.receipt.get());
  const bool again = copies != nullptr && copies->row_is_under_way();
  if (delivery.kept && !again) return;
  if (recipients.outcome == Outcome::service_unavailable && !delivery.archived)
    return shard.router.bounce(*packet, Condition::service_unavailable);
  if (recipients.outcome != Outcome::offline) return;
  const auto rows = shard.windows.loose();
  Passage passage{.packet = packet,
                  .account = account,
                  .session = nullptr,
                  .overlay = std::move(delivery.overlay),
                  .rows = rows,
                  .archived = delivery.archived || again,
                  .time = delivery.time};
  // Whoever comes next finds this row while the first one's unit still waits for others (0002, point 6).
  if (again) store::unit_of(*rows).attach(base::make_ref<Replaced>(base::Ref<Copies>(copies), shard.loop()));
  undelivered(account, passage);
  account.watch(*rows, 0);
}

// A local contact's presence and probes don't load everybody in a roster who is away: without an account in the memory
// there is no session to tell, and silence says "unavailable" too (RFC 6121 4.3.2). A remote server is answered.
bool answered_unloaded(Shard& shard, const Packet& packet) {
  const xmpp::Stanza& stanza = packet.stanza();
  if (stanza.type() == Type::error) return true;
  switch (stanza.kind()) {
    case Kind::message: return false;
    case Kind::presence:
      return stanza.type() == Type::available || stanza.type() == Type::unavailable ||
             (stanza.type() == Type::probe && packet.origin() != router::Origin::remote);
    case Kind::iq:
      if (packet.to().is_bare() && stanza.is_request()) return false;
      shard.router.bounce(packet, Condition::service_unavailable);
      return true;
  }
  return true;
}

void receive_for_nobody(Shard& shard, const Packet& packet) {
  if (to_nobody(packet.stanza()) != Outcome::service_unavailable) return;
  shard.router.bounce(packet, Condition::service_unavailable);
}

void refuse(Shard& shard, const Packet& packet) {
  if (packet.stanza().kind() == Kind::presence) return;  // repeated by its sender's next change
  shard.router.bounce(packet, {Condition::resource_constraint, xmpp::ErrorType::wait, "try again later"});
}

}  // namespace accounts
