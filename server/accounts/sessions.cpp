// Accounts as SessionService: how a session begins and ends.
#include <utility>

#include "accounts/accounts.h"
#include "accounts/inbound.h"
#include "accounts/outbound.h"
#include "accounts/presence.h"
#include "xmpp/ns.h"

namespace accounts {
namespace {

using xmpp::Condition;
using xmpp::StanzaError;

constexpr std::size_t kResourceBytes = 9;  // 72 bits of randomness: nobody guesses a full address (RFC 6120 13.10.2)

base::Result<xmpp::Jid, StanzaError> full_jid(Shard& shard, const xmpp::Jid& account, const std::string& wanted) {
  auto full = account.with_resource(wanted.empty() ? shard.random.token(kResourceBytes) : wanted);
  if (!full) return std::unexpected(StanzaError(Condition::bad_request, full.error().why));
  return *std::move(full);
}

}  // namespace

void Accounts::bind(router::BindRequest request, base::Fn<void(base::Result<router::Bound, StanzaError>)> done) {
  xml::Document bind2;
  if (request.bind2 != nullptr) bind2 = xml::Document::copy_of(*std::exchange(request.bind2, nullptr));
  const xmpp::Jid bare = request.account;
  with_account(bare, [this, request = std::move(request), bind2 = std::move(bind2), done = std::move(done)](
                         Account* found, Absent why) mutable {
    if (found != nullptr && !found->disabled) return done(bind_now(*found, request, bind2));
    const bool failed = found == nullptr && why == Absent::failed;
    done(std::unexpected(failed ? StanzaError(Condition::internal_server_error, xmpp::ErrorType::wait)
                                : StanzaError(Condition::not_authorized)));
  });
}

base::Result<router::Bound, StanzaError> Accounts::bind_now(Account& account, const router::BindRequest& request,
                                                            const xml::Document& bind2) {
  auto full = full_jid(shard_, account.jid(), request.resource);
  if (!full) return std::unexpected(full.error());
  // RFC 6120 7.7.2.2: the newer session wins, because the older is likely a connection nobody has missed yet.
  if (Session* older = account.session(*full)) {
    end(account, *older, {xmpp::StreamCondition::conflict, "this resource was bound again"});
  }
  if (account.bound().size() >= shard_.limits().sessions_per_account) {
    return std::unexpected(StanzaError(Condition::resource_constraint, "too many sessions"));
  }
  const auto id = static_cast<router::SessionId>(shard_.next_number());
  Session& session = account.add(std::make_unique<Session>(id, *full, *request.link, shard_.points));
  sessions_.emplace(id, Place{&account, &session});
  shard_.windows.open(id, *request.link, *full);
  router::Bound bound{.id = id, .jid = *std::move(full), .bound = {}};
  if (!bind2.empty()) bound.bound = xml::Document(xmpp::ns::bind2, "bound");
  for (const auto& step : shard_.points.session_bound) {
    step(account, session, bind2.empty() ? nullptr : &bind2.root(), bind2.empty() ? nullptr : &bound.bound.root());
  }
  return bound;
}

void Accounts::submit(router::SessionId id, xml::Document element) {
  const auto found = sessions_.find(id);
  if (found == sessions_.end()) return;
  const Place place = found->second;
  if (outbound(*place.account, *place.session, std::move(element))) return;
  // RFC 6120 8.1.2.1: it speaks in another's name.
  end(*place.account, *place.session, {xmpp::StreamCondition::invalid_from, {}});
}

void Accounts::sm_enabled(router::SessionId id, std::string sm_id) {
  if (sessions_.contains(id)) shard_.windows.count(id, std::move(sm_id));
}

void Accounts::client_state(router::SessionId id, bool active) {
  const auto found = sessions_.find(id);
  if (found == sessions_.end()) return;
  for (const auto& step : shard_.points.client_state) step(*found->second.account, *found->second.session, active);
}

void Accounts::unbind(router::SessionId id, std::vector<router::Delivery> unacknowledged, bool forget_mark) {
  const auto found = sessions_.find(id);
  if (found == sessions_.end()) return;
  const Place place = found->second;
  close(*place.account, *place.session, std::nullopt, std::move(unacknowledged), forget_mark);
}

void Accounts::end(Account& account, Session& session, const xmpp::StreamError& why) {
  close(account, session, why, {}, true);
}

void Accounts::end_all(Account& account, const xmpp::StreamError& why) {
  while (!account.bound().empty()) end(account, *account.bound().front(), why);
}

// The order matters: what a step held back comes behind what the client had been sent; contacts learn that the session
// is gone before its messages go elsewhere; the redelivery must not find the session any more.
void Accounts::close(Account& account, Session& session, std::optional<xmpp::StreamError> why,
                     std::vector<router::Delivery> unacknowledged, bool forget_mark) {
  router::SessionLink& link = session.end();
  for (const auto& step : shard_.points.session_closed) step(account, session);
  sessions_.erase(session.id());
  shard_.windows.close(session.id(), forget_mark);
  const std::unique_ptr<Session> gone = account.take(session);
  leave(account, *gone);
  if (why) unacknowledged = link.close(*why);
  for (router::Delivery& delivery : unacknowledged) {
    // Who closes the stream in order has seen what was sent, acknowledged or not.
    if (!why && forget_mark && delivery.archived) delivery.kept = true;
    redeliver(account, std::move(delivery));
  }
  for (router::Delivery& delivery : gone->take_returned()) redeliver(account, std::move(delivery));
}

}  // namespace accounts
