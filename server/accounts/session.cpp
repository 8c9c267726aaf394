#include "accounts/session.h"

#include <utility>

#include "xmpp/delay.h"
#include "xmpp/ns.h"

namespace accounts {

void add_delay(router::Delivery& delivery) {
  if (delivery.time == base::WallTime()) return;
  remove_delay(delivery);
  const xmpp::Jid host = xmpp::Jid::from_prepared(delivery.to.domain());
  delivery.overlay.added.push_back(xmpp::make_delay(host, delivery.time));
}

// Without a time, it came with the message out of the offline store.
void remove_delay(router::Delivery& delivery) {
  if (delivery.time == base::WallTime()) return;
  std::erase_if(delivery.overlay.added,
                [](const xmpp::FragmentRef& each) { return each->element.root().is(xmpp::ns::delay, "delay"); });
}

Session::Session(router::SessionId id, xmpp::Jid jid, router::SessionLink& link, const router::DeliveryPoints& points)
    : id_(id), jid_(std::move(jid)), link_(&link), points_(points), slots_(points.session_slots) {}

std::unique_ptr<router::FeatureState>& Session::slot(router::SessionSlot slot) {
  return slots_.at(static_cast<std::size_t>(slot));
}

void Session::send(router::Delivery delivery) {
  for (const auto& step : points_.delivering)
    if (link_ != nullptr && step(*this, delivery)) return;
  send_now(std::move(delivery));
}

void Session::send_now(router::Delivery delivery) {
  if (link_ == nullptr) {
    returned_.get().push_back(std::move(delivery));
  } else {
    if (link_->hibernated()) add_delay(delivery);
    link_->deliver(std::move(delivery));
  }
}

void Session::set_presence(router::PacketRef presence, int priority) {
  presence_ = std::move(presence);
  priority_ = priority;
}

void Session::clear_presence() {
  presence_ = nullptr;
  priority_ = 0;
}

router::SessionLink& Session::end() { return *std::exchange(link_, nullptr); }

}  // namespace accounts
