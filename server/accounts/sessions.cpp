// Accounts as SessionService: how a session begins and ends.
#include <algorithm>
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
  if (parted_.erase(id) != 0) return;
  const auto found = sessions_.find(id);
  if (found == sessions_.end()) return;
  const Place place = found->second;
  close(*place.account, *place.session, std::nullopt, std::move(unacknowledged), forget_mark);
}

void Accounts::end(Account& account, Session& session, const xmpp::StreamError& why) {
  close(account, session, why, {}, true);
}

void Accounts::end_all(Account& account, const xmpp::StreamError& why, const Session* spare) {
  const auto next = [&] {
    return std::ranges::find_if(account.bound(), [spare](const auto& each) { return each.get() != spare; });
  };
  for (auto each = next(); each != account.bound().end(); each = next()) end(account, **each, why);
}

router::SessionId Accounts::part(Account& account, Session& session) {
  const router::SessionId id = session.id();
  const Gone gone = take_out(account, session, true);
  parted_.emplace(id, &gone.link);
  for (router::Delivery& delivery : gone.session->take_returned()) redeliver(account, std::move(delivery));
  return id;
}

void Accounts::bid_farewell(router::SessionId parted, router::Delivery last_word, const xmpp::StreamError& why) {
  const auto found = parted_.extract(parted);
  if (found.empty()) return;
  if (last_word.stanza) found.mapped()->deliver(std::move(last_word));
  found.mapped()->close(why);  // nobody is left whom the unacknowledged could be redelivered to
}

// The order matters: what a step held back comes behind what the client had been sent; contacts learn that the session
// is gone before its messages go elsewhere; the redelivery must not find the session any more.
Accounts::Gone Accounts::take_out(Account& account, Session& session, bool forget_mark) {
  router::SessionLink& link = session.end();
  for (const auto& step : shard_.points.session_closed) step(account, session);
  sessions_.erase(session.id());
  shard_.windows.close(session.id(), forget_mark);
  std::unique_ptr<Session> gone = account.take(session);
  leave(account, *gone);
  return {std::move(gone), link};
}

void Accounts::close(Account& account, Session& session, std::optional<xmpp::StreamError> why,
                     std::vector<router::Delivery> unacknowledged, bool forget_mark) {
  const Gone gone = take_out(account, session, forget_mark);
  if (why) unacknowledged = gone.link.close(*why);
  for (router::Delivery& delivery : unacknowledged) {
    // Who closes the stream in order has seen what was sent, acknowledged or not.
    if (!why && forget_mark && delivery.archived) delivery.kept = true;
    redeliver(account, std::move(delivery));
  }
  for (router::Delivery& delivery : gone.session->take_returned()) redeliver(account, std::move(delivery));
}

}  // namespace accounts
