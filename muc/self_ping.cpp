#include "muc/self_ping.h"

#include "muc/ns.h"
#include "muc/room.h"

namespace muc {
namespace {

constexpr std::string_view kPing = "urn:xmpp:ping";
constexpr router::Xep kXep{410, "1.1.0", "MUC Self-Ping (Schrödinger's Chat)"};

}  // namespace

// 3.3: the service answers itself, whichever of an occupant's sessions asks.
void add_self_ping(const Environment& environment) {
  environment.registry.xep(kXep);
  environment.points.forward.emplace_back(
      [](Room& room, Occupant& from, Occupant& to, const router::PacketRef& packet) {
        const xml::Element* payload = packet->stanza().payload();
        if (&from != &to || payload == nullptr || !payload->is(kPing, "ping")) return false;
        router::Responder(room.environment().router, packet).result();
        return true;
      });
  environment.points.info.emplace_back(
      [](const Room&, xml::Element& query) { query.add("feature").set_attr("var", ns::self_ping); });
}

}  // namespace muc
