#include "muc/members_only.h"

#include "muc/room.h"

namespace muc {

void add_members_only(const Environment& environment) {
  Points& points = environment.points;
  const auto members =
      points.fields.add<bool>({.var = "muc#roomconfig_membersonly", .label = "Whether to Make Room Members-Only"});
  points.admits.emplace_back([=](const Room& room, Affiliation affiliation) {
    return !room.get(members) || affiliation >= Affiliation::member;
  });
  points.info.emplace_back([=](const Room& room, xml::Element& query) {
    query.add("feature").set_attr("var", room.get(members) ? "muc_membersonly" : "muc_open");
  });
}

}  // namespace muc
