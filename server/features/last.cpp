#include "features/last.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/log.h"
#include "features/answer.h"
#include "xmpp/ns.h"

namespace features {
namespace {

using router::AccountView;
using router::Passage;
using router::Responder;
using router::SessionView;
using router::Verdict;
using xmpp::Condition;

constexpr std::string_view kNs = "jabber:iq:last";
// An unavailable presence may carry a novel; a reader of it wants a line.
constexpr std::size_t kMaxStatusBytes = 1024;

// Logins come and go by the thousand, and a commit for each goodbye costs as much as the rest of it. What a crash takes
// is a second of these.
constexpr std::chrono::seconds kGather{1};
constexpr std::size_t kMostGathered = 256;

/// Set while a session counts as available.
struct Seen final : router::FeatureState {};

/// Of an account: what has yet to be written.
struct Unwritten final : router::FeatureState {
  std::optional<store::LastActivity> last;
};

Unwritten& unwritten(AccountView& account, router::AccountSlot slot) {
  return static_cast<Unwritten&>(*account.slot(slot));
}

/// May `asker` know when the account is here (section 6)?
bool may_know(const AccountView& account, const xmpp::Jid& asker) {
  if (xmpp::same_bare(account.jid(), asker)) return true;
  const auto subscription = account.subscription(asker);
  return subscription == router::SubscriptionState::from || subscription == router::SubscriptionState::both;
}

xml::Document seconds_since(base::Duration time, std::string_view status = {}) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(std::max(time, base::Duration(0)));
  xml::Document query(kNs, "query");
  query.root().set_attr("seconds", std::to_string(seconds.count()));
  if (!status.empty()) query.root().add_text(status);
  return query;
}

void get_of_account(const Environment& environment, router::AccountSlot slot, Responder answer) {
  AccountView* account = environment.accounts.account(answer.request().to());
  if (account == nullptr || !may_know(*account, answer.request().from())) return answer.error(Condition::forbidden);
  if (std::ranges::any_of(account->sessions(), [](const SessionView* s) { return s->available(); }))
    return answer.result(seconds_since({}));
  if (const auto& last = unwritten(*account, slot).last)
    return answer.result(seconds_since(environment.router.loop().wall() - last->time, last->status));
  const std::string owner(account->jid().str());
  environment.store.read(
      environment.router.loop(), [owner](store::Reader& reader) { return reader.last_activity(owner); },
      [&loop = environment.router.loop(),
       answer = std::move(answer)](const base::Result<std::optional<store::LastActivity>>& last) mutable {
        if (!last) return answer.error(storage_failed());
        if (!*last) return answer.error(Condition::item_not_found);
        answer.result(seconds_since(loop.wall() - (*last)->time, (*last)->status));
      });
}

std::string status_of(const xmpp::Stanza& presence) {
  std::string status = presence.root().child_text(xmpp::ns::client, "status");
  return status.size() <= kMaxStatusBytes ? status : std::string();
}

class Activity {
 public:
  Activity(const Environment& environment, router::AccountSlot account_slot)
      : environment_(environment), session_slot_(environment.points.session_slot()), account_slot_(account_slot) {}

  /// Broadcast presence says whether a session is available, and the last word of the last one is kept.
  Verdict outbound(Passage& passage) {
    const xmpp::Stanza& stanza = passage.packet->stanza();
    if (stanza.kind() != xmpp::Kind::presence || passage.packet->to() || passage.session == nullptr)
      return Verdict::pass();
    if (stanza.type() == xmpp::Type::available) {
      passage.session->slot(session_slot_) = std::make_unique<Seen>();
    } else if (stanza.type() == xmpp::Type::unavailable) {
      gone(passage.account, *passage.session, status_of(stanza));
    }
    return Verdict::pass();
  }

  void gone(AccountView& account, SessionView& session, std::string status) {
    if (!std::exchange(session.slot(session_slot_), nullptr)) return;
    for (SessionView* other : account.sessions())
      if (other->slot(session_slot_)) return;
    auto& last = unwritten(account, account_slot_).last;
    if (!last) gathered_.push_back(account.jid());
    last = {environment_.router.loop().wall(), std::move(status)};
    if (stopping_ || gathered_.size() >= kMostGathered) return write();
    if (!timer_.armed()) timer_ = base::Timer(environment_.router.loop(), kGather, [this] { write(); });
  }

  void stop() {
    stopping_ = true;
    write();
  }

 private:
  void write() {
    timer_.cancel();
    auto unit = base::make_ref<store::Unit>();
    for (const xmpp::Jid& owner : std::exchange(gathered_, {})) {
      AccountView* account = environment_.accounts.account(owner);
      if (account == nullptr) continue;  // removed meanwhile
      if (auto last = std::exchange(unwritten(*account, account_slot_).last, std::nullopt))
        unit->add(store::LastActivityPut{std::string(owner.str()), *std::move(last)});
    }
    if (unit->empty()) return;
    environment_.store.write(std::move(unit), environment_.router.loop(), [](const base::Result<void>& stored) {
      if (!stored) base::log::warning("last_activity_lost", {{"why", stored.error().what}});
    });
  }

  Environment environment_;
  router::SessionSlot session_slot_;
  router::AccountSlot account_slot_;
  std::vector<xmpp::Jid> gathered_;
  base::Timer timer_;
  bool stopping_ = false;
};

/// A request to a session is for the client to answer, but not before we know the asker may see it (section 4).
Verdict guard_session(Passage& passage) {
  const router::Packet& packet = *passage.packet;
  const bool asks = packet.stanza().kind() == xmpp::Kind::iq && packet.stanza().type() == xmpp::Type::get &&
                    packet.stanza().payload()->is(kNs, "query");
  if (!asks || packet.to().is_bare() || may_know(passage.account, packet.from())) return Verdict::pass();
  return xmpp::StanzaError(Condition::forbidden);
}

}  // namespace

void add_last(const Environment& environment) {
  router::Registry& registry = environment.registry;
  const router::AccountSlot slot = environment.points.account_slot([](store::Reader&, const xmpp::Jid&) {
    return base::Result<std::unique_ptr<router::FeatureState>>(std::make_unique<Unwritten>());
  });
  registry.xep({12, "2.0", "Last Activity"});
  registry.feature(router::Target::server | router::Target::account, kNs);
  registry.iq(xmpp::Type::get, router::Target::account, kNs, "query",
              [environment, slot](Responder answer) { get_of_account(environment, slot, std::move(answer)); });
  registry.iq(xmpp::Type::get, router::Target::server, kNs, "query",
              [&loop = environment.router.loop(), start = environment.router.loop().now()](Responder answer) {
                answer.result(seconds_since(loop.now() - start));
              });

  const auto activity = std::make_shared<Activity>(environment, slot);  // shared by three steps
  environment.points.outbound.emplace_back([activity](Passage& passage) { return activity->outbound(passage); });
  environment.points.session_closed.emplace_back(
      [activity](AccountView& account, SessionView& session) { activity->gone(account, session, {}); });
  environment.points.stopping.emplace_back([activity] { activity->stop(); });
  environment.points.inbound.emplace_back(guard_session);
}

}  // namespace features
