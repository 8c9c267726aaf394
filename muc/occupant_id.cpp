#include "muc/occupant_id.h"

#include "base/keyed_hash.h"
#include "muc/ns.h"
#include "muc/room.h"

namespace muc {
namespace {

constexpr router::Xep kXep{421, "1.0.1", "Occupant identifiers for semi-anonymous MUCs"};
constexpr std::size_t kKeyBytes = 32;

}  // namespace

// The same as long as the room lasts, another one in another room: each has a key of its own. What a client sends
// in its place has been left out before.
void add_occupant_id(const Environment& environment) {
  environment.registry.xep(kXep);
  environment.registry.feature(router::Target::room_service, ns::occupant_id);  // all rooms have it
  Points& points = environment.points;
  const auto key = points.fields.add<std::string>(
      {.var = "exedra#occupant_id_key",
       .label = "",
       .otherwise = std::string(),
       .of_service = [&random =
                          environment.random](const router::RoomService&) { return Value(random.token(kKeyBytes)); },
       .in_form = false});
  points.occupant_id = [key](const Room& room, const xmpp::Jid& bare) {
    return base::keyed_hash(room.get(key), bare.str());
  };
  points.occupant_ids = [key](const Room& room) {
    return [secret = room.get(key)](const xmpp::Jid& bare) { return base::keyed_hash(secret, bare.str()); };
  };
  const auto id_of = [of = points.occupant_id](const Room& room, const Occupant& occupant) {
    return of(room, occupant.bare);
  };
  points.presence.emplace_back(
      [id_of](const Room& room, const Occupant& occupant, xml::Element& presence, xml::Element&) {
        presence.add("occupant-id", ns::occupant_id).set_attr("id", id_of(room, occupant));
      });
  points.stamp.emplace_back([id_of](const Room& room, const Occupant& speaker, xmpp::Overlay& overlay) {
    xml::Document element(ns::occupant_id, "occupant-id");
    element.root().set_attr("id", id_of(room, speaker));
    overlay.added.push_back(base::make_ref<const xmpp::Fragment>(std::move(element)));
  });
  points.info.emplace_back(
      [](const Room&, xml::Element& query) { query.add("feature").set_attr("var", ns::occupant_id); });
}

}  // namespace muc
