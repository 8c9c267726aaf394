#include "muc/whois.h"

#include "muc/room.h"

namespace muc {
namespace {

constexpr std::string_view kAnyone = "anyone";

}  // namespace

void add_whois(const Environment& environment) {
  Points& points = environment.points;
  const auto whois = points.fields.add<std::string>(
      {.var = "muc#roomconfig_whois",
       .label = "Affiliations that May Discover Real JIDs of Occupants",
       .type = xmpp::FieldType::list_single,
       .otherwise = std::string("moderators"),
       .options = {{"Moderators Only", "moderators"}, {"Anyone", std::string(kAnyone)}},
       .accepts = [](const Value& value) { return !std::get<std::string>(value).empty(); }});
  points.sees_addresses = [=](const Room& room, const Occupant& viewer) {
    return viewer.role == Role::moderator || room.get(whois) == kAnyone;
  };
  points.notices.emplace_back([=](const Room& room, std::vector<int>& codes) {
    if (room.get(whois) == kAnyone) codes.push_back(100);
  });
  points.configured.emplace_back([=](Room& room, const std::vector<Value>& before, std::vector<int>& codes) {
    if (std::get<std::string>(before[whois.index]) != room.get(whois))
      codes.push_back(room.get(whois) == kAnyone ? 172 : 173);
  });
  points.info.emplace_back([=](const Room& room, xml::Element& query) {
    query.add("feature").set_attr("var", room.get(whois) == kAnyone ? "muc_nonanonymous" : "muc_semianonymous");
  });
}

}  // namespace muc
