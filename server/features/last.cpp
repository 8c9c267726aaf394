#include "features/last.h"

#include <algorithm>
#include <string>
#include <utility>

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

/// Set while a session counts as available.
struct Seen final : router::FeatureState {};

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

void get_of_account(const Environment& environment, Responder answer) {
  AccountView* account = environment.accounts.account(answer.request().to());
  if (account == nullptr || !may_know(*account, answer.request().from())) return answer.error(Condition::forbidden);
  if (std::ranges::any_of(account->sessions(), [](const SessionView* s) { return s->available(); }))
    return answer.result(seconds_since({}));
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
  explicit Activity(const Environment& environment)
      : environment_(environment), slot_(environment.points.session_slot()) {}

  /// Broadcast presence says whether a session is available, and the last word of the last one is kept.
  Verdict outbound(Passage& passage) const {
    const xmpp::Stanza& stanza = passage.packet->stanza();
    if (stanza.kind() != xmpp::Kind::presence || passage.packet->to() || passage.session == nullptr)
      return Verdict::pass();
    if (stanza.type() == xmpp::Type::available) {
      passage.session->slot(slot_) = std::make_unique<Seen>();
    } else if (stanza.type() == xmpp::Type::unavailable) {
      gone(passage.account, *passage.session, status_of(stanza));
    }
    return Verdict::pass();
  }

  void gone(AccountView& account, SessionView& session, std::string status) const {
    if (!std::exchange(session.slot(slot_), nullptr)) return;
    for (SessionView* other : account.sessions())
      if (other->slot(slot_)) return;
    auto unit = base::make_ref<store::Unit>();
    unit->add(store::LastActivityPut{std::string(account.jid().str()),
                                     {environment_.router.loop().wall(), std::move(status)}});
    environment_.store.write(std::move(unit), environment_.router.loop(), [](const base::Result<void>& stored) {
      if (!stored) base::log::warning("last_activity_lost", {{"why", stored.error().what}});
    });
  }

 private:
  Environment environment_;
  router::SessionSlot slot_;
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
  registry.xep({12, "2.0", "Last Activity"});
  registry.feature(router::Target::server | router::Target::account, kNs);
  registry.iq(xmpp::Type::get, router::Target::account, kNs, "query",
              [environment](Responder answer) { get_of_account(environment, std::move(answer)); });
  registry.iq(xmpp::Type::get, router::Target::server, kNs, "query",
              [&loop = environment.router.loop(), start = environment.router.loop().now()](Responder answer) {
                answer.result(seconds_since(loop.now() - start));
              });

  const auto activity = std::make_shared<const Activity>(environment);  // shared by two steps
  environment.points.outbound.emplace_back([activity](Passage& passage) { return activity->outbound(passage); });
  environment.points.session_closed.emplace_back(
      [activity](AccountView& account, SessionView& session) { activity->gone(account, session, {}); });
  environment.points.inbound.emplace_back(guard_session);
}

}  // namespace features
