#include "features/carbons.h"

#include <algorithm>
#include <array>
#include <functional>
#include <memory>
#include <string_view>
#include <utility>

#include "features/forward.h"
#include "xmpp/message.h"
#include "xmpp/ns.h"

namespace features {
namespace {

namespace ns = xmpp::ns;

constexpr router::Xep kCarbons{280, "1.0.1", "Message Carbons"};

/// Its presence in the slot means that carbons are on.
struct Enabled final : router::FeatureState {};

struct Slots {
  router::SessionSlot enabled;
  router::AccountSlot sent;
};

/// The eligible messages that an account sent last, by a hash of whom to and which: an error may answer them.
struct Sent final : router::FeatureState {
  static constexpr std::size_t kMost = 32;
  std::vector<std::size_t> recent;  // up to kMost, in a ring
  std::size_t next = 0;

  static std::size_t key(const xmpp::Jid& peer, std::string_view id) {
    const std::hash<std::string_view> hash;
    return id.empty() ? 0 : hash(id) * 31 + hash(peer.bare_str());
  }
};

/// Null as long as there was nothing to remember.
Sent* sent_of(router::AccountView& account, const Slots& slots) {
  return static_cast<Sent*>(account.slot(slots.sent).get());
}

void remember(const router::Passage& passage, const Slots& slots) {
  std::unique_ptr<router::FeatureState>& slot = passage.account.slot(slots.sent);
  if (slot == nullptr) slot = std::make_unique<Sent>();
  Sent& sent = *sent_of(passage.account, slots);
  const std::size_t key = Sent::key(passage.packet->to(), passage.packet->stanza().id());
  if (sent.recent.size() < Sent::kMost) return sent.recent.push_back(key);
  sent.recent[sent.next++ % Sent::kMost] = key;
}

bool answers_eligible(const router::Passage& passage, const Slots& slots) {
  const Sent* sent = sent_of(passage.account, slots);
  if (sent == nullptr) return false;
  const std::size_t key = Sent::key(passage.packet->from(), passage.packet->stanza().id());
  return key != 0 && std::ranges::find(sent->recent, key) != sent->recent.end();
}

/// XEP-0280 6.1.
bool is_eligible(const router::Passage& passage, const Slots& slots) {
  const xmpp::Stanza& message = passage.packet->stanza();
  if (!passage.may_copy) return false;
  const bool sent = passage.session != nullptr;
  if (message.type() == xmpp::Type::error) return !sent && answers_eligible(passage, slots);
  if (message.type() == xmpp::Type::groupchat) return false;
  if (xmpp::is_invitation(message)) return true;
  // A room replicates its private messages itself, to all that joined.
  if (!sent && xmpp::is_from_room(message) && !passage.packet->from().is_bare()) return false;
  if (message.type() == xmpp::Type::chat) return true;
  if (message.type() != xmpp::Type::normal) return false;
  return xmpp::has_body(message) || xmpp::has_chat_payload(message) || xmpp::is_about_call(message);
}

/// The copy as every session gets it: of the same type, with the message and what was stamped on it (7, 8).
xmpp::StanzaRef wrap(const router::Passage& passage, std::string_view direction) {
  const router::Packet& packet = *passage.packet;
  xml::Document copy = xmpp::make_message(packet.stanza().type());
  const xml::Document original = xmpp::materialise(packet.stanza(), packet.from(), packet.to(), passage.overlay);
  add_forwarded(copy.root().add(direction, ns::carbons), original.root());
  return xmpp::share(std::move(copy));
}

void copy(router::Passage& passage, std::span<router::SessionView* const> chosen, const Slots& slots) {
  // The sender has it, and those chosen: is anybody left?
  const bool sent = passage.session != nullptr;
  if (passage.account.sessions().size() <= chosen.size() + (sent ? 1 : 0)) return;
  if (passage.packet->stanza().kind() != xmpp::Kind::message || !is_eligible(passage, slots)) return;
  // What one writes to oneself comes by again inbound; once is enough.
  if (sent && xmpp::same_bare(passage.packet->to(), passage.account.jid())) return;
  if (sent) remember(passage, slots);
  xmpp::StanzaRef wrapped;
  for (router::SessionView* session : passage.account.sessions()) {
    if (session->slot(slots.enabled) == nullptr || session->jid() == passage.packet->from()) continue;
    if (std::ranges::find(chosen, session) != chosen.end()) continue;
    if (!wrapped) wrapped = wrap(passage, sent ? "sent" : "received");
    session->send({.stanza = wrapped, .from = passage.account.jid(), .to = session->jid(), .kept = true});
  }
}

/// SECURITY C07: nobody but this server makes copies, and it sends them past this step (XEP-0280 11).
router::Verdict strip_forged(router::Passage& passage) {
  const xmpp::Stanza& message = passage.packet->stanza();
  if (message.kind() != xmpp::Kind::message) return router::Verdict::pass();
  for (const xml::Element& child : xml::children(message.root())) {
    if (child.is(ns::carbons, "sent") || child.is(ns::carbons, "received")) passage.overlay.stripped.push_back(&child);
  }
  return router::Verdict::pass();
}

/// XEP-0280 9.
router::Verdict read_private(router::Passage& passage) {
  if (passage.packet->stanza().child(ns::carbons, "private") != nullptr) passage.may_copy = false;
  return router::Verdict::pass();
}

void set(const Environment& environment, router::SessionSlot slot, bool on, router::Responder responder) {
  const router::Packet& request = responder.request();
  router::AccountView* account = environment.accounts.account(request.to().bare());
  const bool own = xmpp::same_bare(request.from(), request.to());
  router::SessionView* session = own && account != nullptr ? account->session(request.from()) : nullptr;
  // XEP-0280 4.1, 5.1
  if (session == nullptr) return responder.error(xmpp::StanzaError(xmpp::Condition::not_allowed));
  session->slot(slot) = on ? std::make_unique<Enabled>() : nullptr;
  responder.result();
}

}  // namespace

void add_carbons(const Environment& environment) {
  using router::Target;
  router::Registry& registry = environment.registry;
  router::DeliveryPoints& points = environment.points;
  const router::SessionSlot slot = points.session_slot();
  const Slots slots{.enabled = slot, .sent = points.account_slot([](store::Reader&, const xmpp::Jid&) {
                      return base::Result<std::unique_ptr<router::FeatureState>>(nullptr);
                    })};
  registry.xep(kCarbons);
  registry.feature(Target::server | Target::account, ns::carbons);
  registry.bind2_feature(ns::carbons);
  for (const bool on : {true, false}) {
    registry.iq(xmpp::Type::set, Target::account, ns::carbons, on ? "enable" : "disable",
                [=](router::Responder responder) { set(environment, slot, on, std::move(responder)); });
  }
  points.outbound.emplace_back(read_private);
  points.inbound.emplace_back(read_private);
  points.inbound.emplace_back(strip_forged);
  points.delivered.emplace_back([slots](router::Passage& passage, std::span<router::SessionView* const> chosen) {
    copy(passage, chosen, slots);
  });
  points.session_bound.emplace_back(
      [slot](router::AccountView&, router::SessionView& session, const xml::Element* request, xml::Element*) {
        // XEP-0386 3.2: it succeeds without a word.
        if (request != nullptr && request->child(ns::carbons, "enable") != nullptr) {
          session.slot(slot) = std::make_unique<Enabled>();
        }
      });
}

}  // namespace features
