#include "muc/max_users.h"

#include <charconv>
#include <cstdint>
#include <optional>

#include "muc/room.h"

namespace muc {
namespace {

constexpr std::string_view kNoLimit = "none";  // but the service's own
constexpr std::uint32_t kMost = 100'000;

std::vector<xmpp::FormField::Option> options() {
  std::vector<xmpp::FormField::Option> all;
  for (const char* number : {"10", "20", "30", "50", "100", "200", "500"}) all.push_back({number, number});
  all.push_back({"None", std::string(kNoLimit)});
  return all;
}

/// Nothing if it is no number of people.
std::optional<std::uint32_t> to_number(std::string_view text) {
  std::uint32_t number = 0;
  const auto [stop, why] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (why != std::errc() || stop != text.data() + text.size() || number == 0 || number > kMost) return std::nullopt;
  return number;
}

bool is_limit(const Value& value) {
  const std::string& text = std::get<std::string>(value);
  return text == kNoLimit || to_number(text).has_value();
}

Value of_service(const router::RoomService& service) {
  return service.occupants == 0 ? std::string(kNoLimit) : std::to_string(service.occupants);
}

bool is_full(const Room& room, std::string_view most) {
  const auto number = to_number(most);
  return number && room.occupants().size() >= *number;
}

}  // namespace

void add_max_users(const Environment& environment) {
  Points& points = environment.points;
  const auto most = points.fields.add<std::string>({.var = "muc#roomconfig_maxusers",
                                                    .label = "Maximum Number of Room Occupants",
                                                    .type = xmpp::FieldType::list_single,
                                                    .otherwise = std::string(kNoLimit),
                                                    .options = options(),
                                                    .accepts = is_limit,
                                                    .of_service = of_service,
                                                    .others = true});
  // 7.2.9: admins and owners may come in as long as the service itself has room for them.
  points.join.emplace_back([=](Join& join) -> Refusal {
    const bool already_in = join.known != nullptr && join.known->bare == join.presence.from().bare();
    if (already_in || join.affiliation >= Affiliation::admin || !is_full(join.room, join.room.get(most)))
      return std::nullopt;
    return xmpp::StanzaError(xmpp::Condition::service_unavailable, xmpp::ErrorType::wait, "the room is full");
  });
}

}  // namespace muc
