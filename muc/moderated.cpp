#include "muc/moderated.h"

#include "muc/room.h"

namespace muc {

void add_moderated(const Environment& environment) {
  Points& points = environment.points;
  const auto moderated =
      points.fields.add<bool>({.var = "muc#roomconfig_moderatedroom", .label = "Whether to Make Room Moderated"});
  points.moderated = [=](const Room& room) { return room.get(moderated); };
  points.speech.emplace_back([](Speech& speech) -> Points::Heard {
    if (speech.speaker.role >= Role::participant) return {};
    return {.refusal = xmpp::StanzaError(xmpp::Condition::forbidden)};
  });
  // Who had no voice has it where everybody has.
  points.configured.emplace_back([=](Room& room, const std::vector<Value>&, std::vector<int>&) {
    if (room.get(moderated)) return;
    for (const auto& [nick, occupant] : room.occupants())
      if (occupant->role == Role::visitor) room.give_role(*occupant, Role::participant, {});
  });
  points.info.emplace_back([=](const Room& room, xml::Element& query) {
    query.add("feature").set_attr("var", room.get(moderated) ? "muc_moderated" : "muc_unmoderated");
  });
}

}  // namespace muc
