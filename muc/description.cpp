#include "muc/description.h"

#include "muc/room.h"

namespace muc {

void add_description(const Environment& environment) {
  using xmpp::FieldType;
  Points& points = environment.points;
  const auto text = [&points](std::string_view var, std::string_view label) {
    return points.fields.add<std::string>(
        {.var = var, .label = label, .type = FieldType::text_single, .otherwise = std::string()});
  };
  const auto name = text("muc#roomconfig_roomname", "Natural-Language Room Name");
  const auto about = text("muc#roomconfig_roomdesc", "Short Description of Room");
  const auto language = text("muc#roomconfig_lang", "Natural Language for Room Discussions");
  const auto node = text("muc#roomconfig_pubsub", "XMPP URI of Associated Publish-Subscribe Node");
  const auto listed = points.fields.add<bool>(
      {.var = "muc#roomconfig_publicroom", .label = "Whether to Allow Public Searching for Room", .otherwise = true});
  points.listing = [=](const Room& room) { return Points::Listing{room.get(name), room.get(listed)}; };
  points.info.emplace_back([=](const Room& room, xml::Element& query) {
    query.add("feature").set_attr("var", room.get(listed) ? "muc_public" : "muc_hidden");
  });
  points.info_form.emplace_back([=](const Room& room, std::vector<xmpp::FormField>& fields) {
    fields.push_back({.var = "muc#roominfo_description", .values = {room.get(about)}, .label = "Description"});
    if (!room.get(language).empty())
      fields.push_back({.var = "muc#roominfo_lang", .values = {room.get(language)}, .label = "Language"});
    if (!room.get(node).empty())
      fields.push_back({.var = "muc#roomconfig_pubsub", .values = {room.get(node)}, .label = "Associated pubsub node"});
  });
}

}  // namespace muc
