#include "muc/member_list.h"

#include <algorithm>

#include "muc/room.h"

namespace muc {

void add_member_list(const Environment& environment) {
  Points& points = environment.points;
  // Moderators are shown addresses anyway (7.2.4).
  const auto roles = points.fields.add<Texts>(
      {.var = "muc#roomconfig_getmemberlist",
       .label = "Roles and Affiliations that May Retrieve Member List",
       .type = xmpp::FieldType::list_multi,
       .otherwise = Texts{"moderator"},
       .options = {{"Moderator", "moderator"}, {"Participant", "participant"}, {"Visitor", "visitor"}}});
  points.lists_members = [=](const Room& room, const Occupant& viewer) {
    return std::ranges::find(room.get(roles), to_string(viewer.role)) != room.get(roles).end();
  };
}

}  // namespace muc
