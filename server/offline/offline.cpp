#include "offline/offline.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "offline/behind.h"
#include "offline/drain.h"
#include "store/unit.h"
#include "xmpp/message.h"
#include "xmpp/stored.h"

namespace offline {
namespace {

constexpr router::Xep kOffline{160, "1.0.1", "Best Practices for Handling Offline Messages"};
constexpr router::Xep kDelay{203, "2.0", "Delayed Delivery"};

base::Result<std::unique_ptr<router::FeatureState>> load(store::Reader& reader, const xmpp::Jid& account) {
  auto count = reader.offline_count(account.str());
  if (!count) return std::unexpected(count.error().in("counting offline messages"));
  auto state = std::make_unique<State>();
  state->count = *count;
  return state;
}

/// XEP-0160 3, and XEP-0334 4.2 by way of the hints step. Where this says no, the sender is told (RFC 6121 8.5.2.2.1).
bool may_wait(const router::Passage& passage) {
  const xmpp::Stanza& message = passage.packet->stanza();
  const bool right_type = message.type() == xmpp::Type::normal || message.type() == xmpp::Type::chat;
  return right_type && passage.may_store && !xmpp::hints_of(message).no_store;
}

base::WallTime came_at(const Offline& offline, const router::Passage& passage) {
  return passage.time != base::WallTime() ? passage.time : offline.environment.router.loop().wall();
}

/// Let go with the unit that has a pending row.
class Settled final : public store::Watcher {
 public:
  Settled(const Offline& offline, xmpp::Jid owner, std::int64_t id, PendingRef row)
      : offline_(offline), owner_(std::move(owner)), id_(id), row_(std::move(row)) {}
  ~Settled() override {
    offline_.environment.router.loop().post([offline = offline_, owner = std::move(owner_), id = id_,
                                             row = std::move(row_),
                                             kept = durable] { offline.settled(owner, id, *row, kept); });
  }

 private:
  Offline offline_;
  xmpp::Jid owner_;
  std::int64_t id_;
  PendingRef row_;
};

void add_row(const Offline& offline, router::Passage& passage) {
  const router::Packet& packet = *passage.packet;
  router::AccountView& account = passage.account;
  const std::int64_t id = account.next_offline_id();
  auto row = std::make_shared<Pending>(Pending{.stanza = packet.share(),
                                               .from = packet.from(),
                                               .to = packet.to(),
                                               .overlay = passage.overlay,
                                               .time = came_at(offline, passage),
                                               .revocation = std::make_shared<store::Revocation>()});
  store::Unit& unit = store::unit_of(*passage.rows);
  unit.add(store::OfflinePut{
      .row = {.owner = std::string(account.jid().str()),
              .id = id,
              .time = row->time,
              .stanza = xmpp::to_stored(packet.stanza(), packet.from(), packet.to(), passage.overlay)},
      .cancelled = row->revocation});
  unit.attach(base::make_ref<Settled>(offline, account.jid(), id, row));
  offline.state(account).pending.get().emplace(id, std::move(row));
}

router::Verdict keep(const Offline& offline, router::Passage& passage) {
  const xmpp::Stanza& message = passage.packet->stanza();
  if (message.kind() != xmpp::Kind::message || !may_wait(passage)) return router::Verdict::pass();
  // Nobody misses these, and an error for each would tell the sender more than a stored message does.
  if (xmpp::is_chat_state_only(message) || message.root().first_child() == nullptr) return router::Verdict::done();
  State& state = offline.state(passage.account);
  if (state.count >= passage.account.host().offline_max_messages) return router::Verdict::pass();
  ++state.count;
  add_row(offline, passage);
  return router::Verdict::done();
}

void closed(const Offline& offline, router::AccountView& account, router::SessionView& session) {
  end_waiting(session, offline.behind);
  State& state = offline.state(account);
  if (!state.drain || state.drain->session != session.jid()) return;
  state.drain.reset();
  // Somebody else of the account takes over what is left; what this session was sent goes its own way.
  for (const router::SessionView* other : account.sessions()) {
    if (other != &session && may_receive(*other)) return offline.start_drain(account, *other, Task::hand_over);
  }
}

}  // namespace

void add_offline(const Environment& environment) {
  router::DeliveryPoints& points = environment.points;
  const Offline offline{.environment = environment, .slot = points.account_slot(load), .behind = points.session_slot()};
  environment.registry.xep(kOffline);
  environment.registry.xep(kDelay);
  environment.registry.feature(router::Target::server, "msgoffline");
  points.undelivered.emplace_back([offline](router::Passage& passage) { return keep(offline, passage); });
  points.session_available.emplace_back([offline](router::AccountView& account, router::SessionView& session) {
    if (may_receive(session)) offline.start_drain(account, session, Task::hand_over);
  });
  // XEP-0386 4: who binds with Bind 2 reads the archive.
  points.session_bound.emplace_back([offline](router::AccountView& account, router::SessionView& session,
                                              const xml::Element* request, xml::Element*) {
    if (request != nullptr && account.host().archive) offline.start_drain(account, session, Task::clear);
  });
  points.delivering.emplace_back([offline](router::SessionView& session, router::Delivery& delivery) {
    return wait_behind(session, delivery, offline.behind, offline.environment.router.settings().limits());
  });
  points.session_closed.emplace_back(
      [offline](router::AccountView& account, router::SessionView& session) { closed(offline, account, session); });
}

}  // namespace offline
