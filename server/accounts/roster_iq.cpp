#include "accounts/roster_iq.h"

#include <algorithm>
#include <utility>

#include "accounts/presence.h"
#include "accounts/subscriptions.h"
#include "xmpp/ns.h"

namespace accounts {
namespace {

using router::Packet;
using router::Responder;
using xmpp::Condition;

/// The account whose own client asks; null, after an error, for anybody else (SECURITY C08).
Account* asked_by_owner(Accounts& accounts, Responder& request) {
  const Packet& packet = request.request();
  Account* account = packet.from().bare() == packet.to() ? accounts.account(packet.to()) : nullptr;
  if (account == nullptr) request.error(Condition::forbidden);
  return account;
}

void get(Account& account, Responder& request) {
  if (Session* session = account.session(request.request().from())) session->interested = true;
  request.result(account.roster().get(request.payload()));
}

/// RFC 6121 2.5.2: subscriptions end with the item.
void remove(Account& account, const xmpp::Jid& contact, Responder& request, store::Unit& rows) {
  const Subscription before = account.roster().subscription(contact);
  auto change = account.roster().remove(contact, account.shard().loop().wall());
  if (!change) return request.error(change.error());
  const xmpp::Jid bare = contact.bare();
  const std::vector<xmpp::Type> cancel = std::move(change->cancel);
  apply(account, *std::move(change), rows);
  for (const xmpp::Type type : cancel) {
    account.router().post(base::make_ref<const Packet>(xmpp::share(xmpp::make_presence(type)), account.jid(), bare,
                                                       router::Origin::server, request.request().ticket()));
  }
  const bool ends = std::ranges::find(cancel, xmpp::Type::unsubscribed) != cancel.end();
  if (before.from && ends) presence_to(account, bare, false);
  request.result();
}

void set(Account& account, Responder& request, store::Unit& rows) {
  auto wanted = parse_roster_set(request.payload());
  if (!wanted) return request.error(wanted.error());
  if (wanted->remove) return remove(account, wanted->contact, request, rows);
  Shard& shard = account.shard();
  auto change = account.roster().set(*wanted, shard.limits().roster_items, shard.loop().wall());
  if (!change) return request.error(change.error());
  apply(account, *std::move(change), rows);
  request.result();
}

}  // namespace

void register_roster(router::Registry& registry, Accounts& accounts) {
  registry.stream_feature("<ver xmlns='urn:xmpp:features:rosterver'/>");     // RFC 6121 2.6.1
  registry.stream_feature("<sub xmlns='urn:xmpp:features:pre-approval'/>");  // RFC 6121 3.4.1
  registry.iq(xmpp::Type::get, router::Target::account, xmpp::ns::roster, "query", [&accounts](Responder request) {
    if (Account* account = asked_by_owner(accounts, request)) get(*account, request);
  });
  registry.iq(xmpp::Type::set, router::Target::account, xmpp::ns::roster, "query", [&accounts](Responder request) {
    Account* account = asked_by_owner(accounts, request);
    if (account == nullptr) return;
    base::Ref<base::Held> held = request.request().ticket();
    if (!held) held = accounts.shard().windows.loose();
    set(*account, request, store::unit_of(*held));
  });
}

}  // namespace accounts
