#include "accounts/session.h"

#include <utility>

namespace accounts {

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
    returned_.push_back(std::move(delivery));
  } else {
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
