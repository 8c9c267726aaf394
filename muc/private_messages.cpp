#include "muc/private_messages.h"

#include "muc/room.h"

namespace muc {
namespace {

/// The least role that may; nothing: nobody may.
std::optional<Role> least(std::string_view who) {
  if (who == "anyone") return Role::visitor;
  if (who == "participants") return Role::participant;
  if (who == "moderators") return Role::moderator;
  return std::nullopt;
}

}  // namespace

void add_private_messages(const Environment& environment) {
  Points& points = environment.points;
  const auto who = points.fields.add<std::string>(
      {.var = "muc#roomconfig_allowpm",
       .label = "Roles that May Send Private Messages",
       .type = xmpp::FieldType::list_single,
       .otherwise = std::string("anyone"),
       .options = {{"Anyone", "anyone"},
                   {"Anyone with Voice", "participants"},
                   {"Moderators Only", "moderators"},
                   {"Nobody", "none"}},
       .accepts = [](const Value& value) { return !std::get<std::string>(value).empty(); }});
  points.whisper.emplace_back([=](Room& room, Occupant& from, Occupant&) -> Refusal {
    const auto role = least(room.get(who));
    if (role && from.role >= *role) return std::nullopt;
    return xmpp::StanzaError(xmpp::Condition::forbidden);
  });
}

}  // namespace muc
