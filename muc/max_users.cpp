#include "muc/max_users.h"

#include <charconv>

#include "muc/room.h"

namespace muc {
namespace {

constexpr std::string_view kNoLimit = "none";  // but the server's own

std::vector<xmpp::FormField::Option> options() {
  std::vector<xmpp::FormField::Option> all;
  for (const char* number : {"10", "20", "30", "50", "100", "200", "500"}) all.push_back({number, number});
  all.push_back({"None", std::string(kNoLimit)});
  return all;
}

bool is_full(const Room& room, std::string_view most) {
  std::size_t number = 0;
  const auto read = std::from_chars(most.data(), most.data() + most.size(), number);
  return read.ec == std::errc() && room.occupants().size() >= number;
}

}  // namespace

void add_max_users(const Environment& environment) {
  Points& points = environment.points;
  const auto most = points.fields.add<std::string>(
      {.var = "muc#roomconfig_maxusers",
       .label = "Maximum Number of Room Occupants",
       .type = xmpp::FieldType::list_single,
       .otherwise = std::string(kNoLimit),
       .options = options(),
       .accepts = [](const Value& value) { return !std::get<std::string>(value).empty(); }});
  // Admins and owners may come in as long as the server itself has room for them.
  points.join.emplace_back([=](Join& join) -> Refusal {
    const bool already_in = join.known != nullptr && join.known->bare == join.presence.from().bare();
    if (already_in || join.affiliation >= Affiliation::admin || !is_full(join.room, join.room.get(most)))
      return std::nullopt;
    return xmpp::StanzaError(xmpp::Condition::service_unavailable, xmpp::ErrorType::wait, "the room is full");
  });
}

}  // namespace muc
