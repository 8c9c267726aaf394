#include "accounts/subscriptions.h"

#include <utility>

#include "accounts/accounts.h"
#include "accounts/presence.h"
#include "base/log.h"
#include "xmpp/stored.h"

namespace accounts {
namespace {

using router::Origin;
using router::Packet;
using router::Passage;
using xmpp::Type;

void reply(Account& account, const xmpp::Jid& contact, Type type, const base::Ref<base::Held>& ticket) {
  account.router().post(base::make_ref<const Packet>(xmpp::share(xmpp::make_presence(type)), account.jid(), contact,
                                                     Origin::server, ticket));
}

void flow(Account& account, const xmpp::Jid& contact, const Subscription& before, const Subscription& after) {
  const PresenceFlow change = presence_flow(before, after);
  if (change != PresenceFlow::unchanged) presence_to(account, contact, change == PresenceFlow::starts);
}

void show(Account& account, const Passage& passage) {
  for (const auto& session : account.bound()) {
    if (!session->available()) continue;
    session->send({.stanza = passage.packet->share(),
                   .from = passage.packet->from().bare(),
                   .to = account.jid(),
                   .overlay = passage.overlay,
                   .receipt = {},
                   .kept = true});
  }
}

/// RFC 6121 2.1.6.
void push(Account& account, const xml::Document& query) {
  xml::Document iq = xmpp::make_iq(Type::set, "push-" + std::to_string(account.shard().next_number()));
  iq.root().add_copy(query.root());
  const xmpp::StanzaRef push = xmpp::share(std::move(iq));
  for (const auto& session : account.bound()) {
    if (!session->interested) continue;
    session->send(
        {.stanza = push, .from = account.jid(), .to = session->jid(), .overlay = {}, .receipt = {}, .kept = true});
  }
}

void restore(Account& account);

/// What is still under way is settled first, so that the store has the last word.
void restore_later(Account& account) {
  account.after_rows([&account] { restore(account); });
}

/// Whoever saw the change has seen more than is kept: its clients are told what holds.
void restore(Account& account) {
  Shard& shard = account.shard();
  shard.store.read(
      shard.loop(), [owner = std::string(account.jid().str())](store::Reader& reader) { return reader.roster(owner); },
      [&shard, jid = account.jid(), changes = account.roster_changes](const base::Result<store::Roster>& rows) {
        Account* found = shard.accounts.account(jid);
        if (found == nullptr) return;
        if (!rows) return base::log::error("roster_unreadable", {{"account", jid.str()}, {"why", rows.error().what}});
        if (found->roster_changes != changes) return restore_later(*found);
        for (const xml::Document& query : found->roster().restore(*rows, shard.loop().wall())) push(*found, query);
      });
}

/// Let go with the unit that has a change's rows: if they were lost, the memory must not go on without them.
class RosterRows final : public store::Watcher {
 public:
  RosterRows(Shard& shard, xmpp::Jid jid) : shard_(shard), jid_(std::move(jid)) {}
  ~RosterRows() override {
    if (durable) return;
    shard_.loop().post([&shard = shard_, jid = std::move(jid_)] {
      if (Account* account = shard.accounts.account(jid)) restore_later(*account);
    });
  }

 private:
  Shard& shard_;
  xmpp::Jid jid_;
};

}  // namespace

// RFC 6121 3.1.2: `from` and `to` are bare, whatever the client wrote.
void outbound_subscription(Account& account, Passage& passage) {
  Shard& shard = account.shard();
  const Packet& packet = *passage.packet;
  const xmpp::Jid contact = packet.to().bare();
  if (contact == account.jid()) return;
  const Subscription before = account.roster().subscription(contact);
  const Transition step = outbound(before, packet.stanza().type());
  if (account.roster().overfills(contact, step.after, shard.limits().roster_items)) {
    return shard.router.bounce(packet, {xmpp::Condition::resource_constraint, "the roster is full"});
  }
  apply(account, account.roster().update(contact, step.after, {}, shard.loop().wall()), store::unit_of(*passage.rows));
  if (step.forward) {
    shard.router.post(
        base::make_ref<const Packet>(packet.share(), account.jid(), contact, packet.origin(), packet.ticket()));
  }
  if (step.reply) reply(account, contact, *step.reply, packet.ticket());
  flow(account, contact, before, step.after);
}

void inbound_subscription(Account& account, Passage& passage) {
  Shard& shard = account.shard();
  const Packet& packet = *passage.packet;
  const xmpp::Jid contact = packet.from().bare();
  if (contact == account.jid()) return;
  const Subscription before = account.roster().subscription(contact);
  const Transition step = inbound(before, packet.stanza().type());
  if (account.roster().overfills(contact, step.after, shard.limits().roster_items)) return;
  std::string request;
  if (step.after.request) {
    request = xmpp::to_stored(packet.stanza(), contact, account.jid(), passage.overlay);
  }
  if (step.forward) show(account, passage);  // 3.1.6: before the push
  RosterChange change = account.roster().update(contact, step.after, std::move(request), shard.loop().wall());
  apply(account, std::move(change), store::unit_of(*passage.rows));
  if (step.reply) reply(account, contact, *step.reply, packet.ticket());
  flow(account, contact, before, step.after);
}

void show_requests(Account& account, Session& session) {
  for (const auto& [contact, text] : account.roster().requests()) {
    auto document = xmpp::from_stored(text);
    if (!document) continue;
    auto stanza = xmpp::Stanza::parse(*std::move(document));
    if (!stanza) continue;
    session.send({.stanza = *stanza, .from = contact, .to = account.jid(), .overlay = {}, .receipt = {}, .kept = true});
  }
}

void apply(Account& account, RosterChange change, store::Unit& unit) {
  if (!change.rows.empty()) {
    ++account.roster_changes;
    unit.attach(base::make_ref<RosterRows>(account.shard(), account.jid()));
  }
  for (store::Row& row : change.rows) unit.add(std::move(row));
  if (!change.push.empty()) push(account, change.push);
}

}  // namespace accounts
