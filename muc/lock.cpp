#include "muc/lock.h"

#include "muc/room.h"

namespace muc {
namespace {

struct Lock final : State {};

}  // namespace

void add_lock(const Environment& environment) {
  Points& points = environment.points;
  const RoomSlot slot = points.room_slot();
  points.created.emplace_back([slot](Room& room) { room.slot(slot) = std::make_unique<Lock>(); });
  points.join.emplace_back([slot](Join& join) -> Refusal {
    if (join.room.slot(slot) == nullptr || join.affiliation == Affiliation::owner) return std::nullopt;
    return xmpp::StanzaError(xmpp::Condition::item_not_found, "the room is being set up");
  });
  points.configured.emplace_back(
      [slot](Room& room, const std::vector<Value>&, std::vector<int>&) { room.slot(slot).reset(); });
}

}  // namespace muc
