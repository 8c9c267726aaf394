#include "offline/behind.h"

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "offline/drain.h"
#include "xmpp/delay.h"

namespace offline {
namespace {

/// Dies with the session.
struct Behind final : router::FeatureState {
  std::vector<router::Delivery> deliveries;
  std::size_t bytes = 0;
};

/// Only what may be stored has an order with what was: a room's message, a headline or a page of the archive has not.
bool belongs_behind(const router::SessionView& session, const router::Delivery& delivery) {
  const xmpp::Stanza& stanza = *delivery.stanza;
  if (stanza.kind() != xmpp::Kind::message || is_from_store(delivery)) return false;
  if (stanza.type() != xmpp::Type::normal && stanza.type() != xmpp::Type::chat) return false;
  return !delivery.from.is_bare() || !xmpp::same_bare(delivery.from, session.jid());
}

/// Half of a client's queue, the other half is for the older ones.
bool is_too_much(const Behind& behind, const router::Limits& limits) {
  return behind.deliveries.size() >= limits.sm_queue_stanzas / 2 || behind.bytes >= limits.sm_queue_bytes / 2;
}

void send_all(router::SessionView& session, std::vector<router::Delivery> deliveries) {
  const xmpp::Jid host = xmpp::Jid::from_prepared(session.jid().domain());
  for (router::Delivery& delivery : deliveries) {
    if (delivery.time != base::WallTime()) delivery.overlay.added.push_back(xmpp::make_delay(host, delivery.time));
    session.send_now(std::move(delivery));
  }
}

}  // namespace

void begin_waiting(router::SessionView& session, router::SessionSlot slot) {
  auto& state = session.slot(slot);
  if (state == nullptr) state = std::make_unique<Behind>();
}

bool is_waiting(router::SessionView& session, router::SessionSlot slot) { return session.slot(slot) != nullptr; }

bool wait_behind(router::SessionView& session, router::Delivery& delivery, router::SessionSlot slot,
                 const router::Limits& limits) {
  auto* behind = static_cast<Behind*>(session.slot(slot).get());
  if (behind == nullptr || !belongs_behind(session, delivery)) return false;
  behind->bytes += delivery.stanza->memory();
  behind->deliveries.push_back(std::move(delivery));
  if (is_too_much(*behind, limits)) {
    behind->bytes = 0;
    send_all(session, std::exchange(behind->deliveries, {}));
  }
  return true;
}

void end_waiting(router::SessionView& session, router::SessionSlot slot) {
  if (const auto state = std::exchange(session.slot(slot), nullptr))
    send_all(session, std::move(static_cast<Behind&>(*state).deliveries));
}

}  // namespace offline
