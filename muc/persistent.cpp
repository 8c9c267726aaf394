#include "muc/persistent.h"

#include "muc/room.h"

namespace muc {

void add_persistent(const Environment& environment) {
  Points& points = environment.points;
  const auto persistent =
      points.fields.add<bool>({.var = "muc#roomconfig_persistentroom",
                               .label = "Whether to Make Room Persistent",
                               .of_service = [](const router::RoomService& service) { return service.persistent; }});
  points.configuring.emplace_back([=](Room& room, const std::vector<Value>&) { room.persist(room.get(persistent)); });
  points.info.emplace_back([=](const Room& room, xml::Element& query) {
    query.add("feature").set_attr("var", room.get(persistent) ? "muc_persistent" : "muc_temporary");
  });
}

}  // namespace muc
