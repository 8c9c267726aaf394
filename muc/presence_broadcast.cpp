#include "muc/presence_broadcast.h"

#include <algorithm>

#include "muc/room.h"

namespace muc {

void add_presence_broadcast(const Environment& environment) {
  Points& points = environment.points;
  const auto roles = points.fields.add<Texts>(
      {.var = "muc#roomconfig_presencebroadcast",
       .label = "Roles for which Presence is Broadcasted",
       .type = xmpp::FieldType::list_multi,
       .otherwise = Texts{"moderator", "participant", "visitor"},
       .options = {{"Moderator", "moderator"}, {"Participant", "participant"}, {"Visitor", "visitor"}}});
  const auto is_told = [](const Texts& of, const Occupant& occupant) {
    return std::ranges::find(of, to_string(occupant.role)) != of.end();
  };
  points.unseen.emplace_back(
      [=](const Room& room, const Occupant& occupant) { return !is_told(room.get(roles), occupant); });
  // The others learn of those who come in sight, and lose those who go out of it.
  points.configured.emplace_back([=](Room& room, const std::vector<Value>& before, std::vector<int>&) {
    const Texts& earlier = std::get<Texts>(before[roles.index]);
    for (const auto& [nick, occupant] : room.occupants())
      if (is_told(earlier, *occupant) != is_told(room.get(roles), *occupant)) room.show(*occupant);
  });
}

}  // namespace muc
