#include "muc/ghosts.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "muc/lost.h"
#include "muc/room.h"
#include "muc/service.h"
#include "xmpp/ns.h"

namespace muc {
namespace {

using xmpp::Condition;

constexpr std::string_view kPing = "urn:xmpp:ping";
constexpr int kTurns = 10;  // at most so many looks at a room within Limits::room_ping

/// XEP-0410 3.2: who says that it knows no pings is there to say so. A server says the same of a session that it
/// hasn't (RFC 6121 8.5.3.2.3): that one is lost with the next message. Of a session of our own accounts we would know
/// that it is gone; one that doesn't answer may be a telephone that comes back (XEP-0198).
bool is_alive(const router::Reply& reply, bool ours) {
  if (reply.kind == router::Reply::Kind::timed_out) return ours;
  if (reply.kind == router::Reply::Kind::result) return true;
  const xml::Element* error = reply.packet->stanza().child(xmpp::ns::client, "error");
  return error != nullptr && (error->child(xmpp::ns::stanza_errors, "feature-not-implemented") != nullptr ||
                              error->child(xmpp::ns::stanza_errors, "service-unavailable") != nullptr);
}

/// Of one room, with the one timer it needs.
class Ghosts final : public State {
 public:
  explicit Ghosts(Room& room) : room_(room) {}

  void heard(const xmpp::Jid& session) {
    sessions_[session] = {loop().now(), false};
    if (!timer_.armed()) arm(limits().room_ping);
  }
  void forget(const Occupant& occupant) {
    for (const Session& session : occupant.sessions) sessions_.erase(session.jid);
    if (sessions_.empty()) timer_.cancel();
  }

 private:
  struct Heard {
    base::MonoTime at;
    bool asked = false;
  };

  base::Loop& loop() const { return room_.environment().router.loop(); }
  const router::Limits& limits() const { return room_.environment().router.settings().limits(); }

  void arm(base::Duration delay) {
    timer_ = base::Timer(loop(), delay, [this] { look(); });
  }

  void look() {
    timer_ = {};
    const base::Duration patience = limits().room_ping;
    base::Duration next = patience;
    // Sessions that left while another of the same occupant stayed.
    std::erase_if(sessions_, [&](const auto& one) { return room_.occupant_of(one.first) == nullptr; });
    for (auto& [session, heard] : sessions_) {
      if (heard.asked) continue;
      const base::Duration silent = loop().now() - heard.at;
      if (silent >= patience) {
        heard.asked = true;
        ask(session);
      } else {
        next = std::min(next, patience - silent);
      }
    }
    if (!sessions_.empty()) arm(std::max(next, patience / kTurns));
  }

  void ask(const xmpp::Jid& session) {
    xml::Document iq = xmpp::make_iq(xmpp::Type::get, "");
    iq.root().add("ping", kPing);
    Service& service = room_.environment().service;
    room_.environment().router.request(
        std::move(iq), room_.address(), session, limits().room_ping_answer,
        [&service, this, bare = room_.address(), number = room_.number(), session](const router::Reply& reply) {
          Room* room = service.room(bare, number);
          if (room == nullptr) return;  // and with it this
          answered(session, reply);
          service.settle(bare);
        });
  }

  void answered(const xmpp::Jid& session, const router::Reply& reply) {
    const router::Router& router = room_.environment().router;
    if (reply.kind == router::Reply::Kind::error && tells_of_lost_server(router, *reply.packet))
      return room_.lose_server(session.domain());
    const auto found = sessions_.find(session);
    if (found == sessions_.end() || !found->second.asked) return;  // heard otherwise meanwhile
    if (is_alive(reply, router.is_local(session.domain()))) return heard(session);
    sessions_.erase(found);
    room_.lose(session);
  }

  Room& room_;
  std::unordered_map<xmpp::Jid, Heard> sessions_;
  base::Timer timer_;
};

}  // namespace

void add_ghosts(const Environment& environment) {
  Points& points = environment.points;
  const auto of = [slot = points.room_slot()](Room& room) -> Ghosts& {
    std::unique_ptr<State>& state = room.slot(slot);
    if (!state) state = std::make_unique<Ghosts>(room);
    return static_cast<Ghosts&>(*state);
  };
  points.entered.emplace_back(
      [of](Room& room, Occupant&, const Join&, const xmpp::Jid& session) { of(room).heard(session); });
  points.arrived.emplace_back([of](Room& room, Occupant&, const router::Packet& packet) -> Refusal {
    of(room).heard(packet.from());
    return std::nullopt;
  });
  points.left.emplace_back([of](Room& room, const Occupant& occupant) { of(room).forget(occupant); });
}

}  // namespace muc
