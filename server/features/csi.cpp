#include "features/csi.h"

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "xmpp/message.h"
#include "xmpp/ns.h"

namespace features {
namespace {

namespace ns = xmpp::ns;

constexpr router::Xep kCsi{352, "1.0.0", "Client State Indication"};
constexpr std::string_view kRoomUser = "http://jabber.org/protocol/muc#user";  // XEP-0045

/// What an inactive session is not bothered with; its slot is empty while it is active. Dies with the session: what
/// waits is of the moment.
class Waiting final : public router::FeatureState {
 public:
  /// Takes the place of what the same sender said before.
  void add(router::Delivery delivery) {
    const auto [known, is_new] = latest_.try_emplace({delivery.stanza->kind(), delivery.from}, deliveries_.size());
    if (!is_new) {
      deliveries_[known->second].reset();
      known->second = deliveries_.size();
    }
    deliveries_.emplace_back(std::move(delivery));
  }

  /// Places, those that were taken again included, so that the bound holds for both.
  std::size_t size() const { return deliveries_.size(); }

  void send(router::SessionView& session) {
    latest_.clear();
    for (auto& delivery : std::exchange(deliveries_, {})) {
      if (delivery) session.send_now(std::move(*delivery));
    }
  }

 private:
  std::vector<std::optional<router::Delivery>> deliveries_;  // in the order they came
  std::map<std::pair<xmpp::Kind, xmpp::Jid>, std::size_t> latest_;
};

/// Presence that only tells how somebody is. A room's status codes tell what it did with us (XEP-0045 15.6).
bool is_plain_presence(const xmpp::Stanza& stanza) {
  if (stanza.type() != xmpp::Type::available && stanza.type() != xmpp::Type::unavailable) return false;
  const xml::Element* x = stanza.child(kRoomUser, "x");
  return x == nullptr || x->child(kRoomUser, "status") == nullptr;
}

/// A receipt doesn't matter here: it is dropped without a word if the session ends, and its row then stays.
bool can_wait(const router::Delivery& delivery) {
  switch (delivery.stanza->kind()) {
    case xmpp::Kind::presence: return is_plain_presence(*delivery.stanza);
    case xmpp::Kind::message: return xmpp::is_chat_state_only(*delivery.stanza);
    case xmpp::Kind::iq: return false;
  }
  return false;
}

bool keep_back(router::SessionView& session, router::Delivery& delivery, router::SessionSlot slot, std::size_t most) {
  auto* waiting = static_cast<Waiting*>(session.slot(slot).get());
  if (waiting == nullptr) return false;
  if (!can_wait(delivery)) {
    waiting->send(session);
    return false;
  }
  waiting->add(std::move(delivery));
  if (waiting->size() >= most) waiting->send(session);
  return true;
}

void change(router::SessionView& session, router::SessionSlot slot, bool active) {
  std::unique_ptr<router::FeatureState>& state = session.slot(slot);
  if (!active) {
    if (state == nullptr) state = std::make_unique<Waiting>();
    return;
  }
  // Taken out first: from now on nothing waits any more.
  if (const auto waiting = std::exchange(state, nullptr)) static_cast<Waiting&>(*waiting).send(session);
}

}  // namespace

void add_csi(const Environment& environment) {
  router::DeliveryPoints& points = environment.points;
  const router::SessionSlot slot = points.session_slot();
  router::Router& router = environment.router;
  environment.registry.xep(kCsi);
  environment.registry.stream_feature("<csi xmlns='urn:xmpp:csi:0'/>");
  environment.registry.bind2_feature(ns::csi);
  points.delivering.emplace_back([slot, &router](router::SessionView& session, router::Delivery& delivery) {
    return keep_back(session, delivery, slot, router.settings().limits().csi_stanzas);
  });
  points.client_state.emplace_back(
      [slot](router::AccountView&, router::SessionView& session, bool active) { change(session, slot, active); });
  points.session_bound.emplace_back(
      [slot](router::AccountView&, router::SessionView& session, const xml::Element* request, xml::Element*) {
        // XEP-0386 3.2: it may begin inactive.
        if (request != nullptr && request->child(ns::csi, "inactive") != nullptr) change(session, slot, false);
      });
}

}  // namespace features
