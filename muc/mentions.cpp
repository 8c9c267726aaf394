#include "muc/mentions.h"

#include <algorithm>
#include <charconv>
#include <string>
#include <utility>
#include <vector>

#include "muc/room.h"
#include "xmpp/ns.h"
#include "xmpp/timestamp.h"

namespace muc {
namespace {

constexpr router::Xep kXep{452, "0.2.2", "MUC Mention Notifications"};
constexpr std::string_view kNs = "urn:xmpp:mmn:0";
constexpr std::string_view kReference = "urn:xmpp:reference:0";
constexpr std::string_view kScheme = "xmpp:";
constexpr std::size_t kMost = 20;  // in one message

using Place = std::pair<const std::string, Lasting>;

/// RFC 3986 2.1; what is no such escape stays.
std::string decode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned byte = 0;
    const char* digits = text.data() + i + 1;
    const bool escape =
        text[i] == '%' && i + 2 < text.size() && std::from_chars(digits, digits + 2, byte, 16).ptr == digits + 2;
    out.push_back(escape ? static_cast<char>(byte) : text[i]);
    if (escape) i += 2;
  }
  return out;
}

std::vector<xmpp::Jid> mentions_in(const xmpp::Stanza& message) {
  std::vector<xmpp::Jid> all;
  for (const xml::Element& child : xml::children(message.root())) {
    if (!child.is(kReference, "reference") || child.attr("type") != "mention") continue;
    const auto who = mentioned(child.attr("uri"));
    if (!who || std::ranges::find(all, *who) != all.end()) continue;
    all.push_back(*who);
    if (all.size() == kMost) break;
  }
  return all;
}

const Place* place_of(const Room& room, const xmpp::Jid& who) {
  const auto& places = room.places();
  auto found = places.find(who.bare_str());
  if (who.bare() == room.address())
    found = std::ranges::find_if(places, [&](const Place& one) { return one.second.nick == who.resource(); });
  return found == places.end() ? nullptr : &*found;
}

/// Whoever has reserved a nickname wants to know (2), and only who may come in may.
bool wants(const Room& room, bool by_password, const Place& place) {
  if (place.second.nick.empty() || place.second.affiliation < Affiliation::member) return false;
  if (by_password && place.second.affiliation < Affiliation::owner) return false;
  return room.is_admitted(place.second.affiliation);
}

xmpp::StanzaRef make_notification(const Room& room, const Kept& kept) {
  xml::Document message = xmpp::make_message(xmpp::Type::normal);
  xml::Element& forwarded = message.root().add("mentions", kNs).add("forwarded", xmpp::ns::forward);
  forwarded.add("delay", xmpp::ns::delay).set_attr("stamp", xmpp::format_timestamp(kept.time));
  forwarded.add_copy(xmpp::materialise(*kept.stanza, kept.from, room.address(), {}).root());
  message.root().add("store", xmpp::ns::hints);  // for who isn't there at all
  return xmpp::share(std::move(message));
}

}  // namespace

std::optional<xmpp::Jid> mentioned(std::string_view uri) {
  if (!uri.starts_with(kScheme)) return std::nullopt;
  uri.remove_prefix(kScheme.size());
  const auto jid = xmpp::Jid::parse(decode(uri.substr(0, uri.find_first_of("?#"))));
  if (!jid || jid->local().empty()) return std::nullopt;
  return *jid;
}

void add_mentions(const Environment& environment) {
  environment.registry.xep(kXep);
  Points& points = environment.points;
  const auto forwards = points.fields.add<bool>(
      {.var = "muc#roomconfig_forwardmentions", .label = "Forward Messages with Mentions to Affiliated Users Outside"});
  const auto password = points.fields.find<bool>("muc#roomconfig_passwordprotectedroom");
  points.sent.emplace_back([=](Room& room, const Kept& kept) {
    if (!room.get(forwards)) return;
    std::vector<std::string_view> told;
    xmpp::StanzaRef message;
    for (const xmpp::Jid& who : mentions_in(*kept.stanza)) {
      const Place* place = place_of(room, who);
      if (place == nullptr || !wants(room, room.get(password), *place)) continue;
      const auto person = xmpp::Jid::from_prepared(place->first);
      if (person.local().empty() || !room.occupants_of(person).empty()) continue;
      if (std::ranges::find(told, place->first) != told.end()) continue;
      told.emplace_back(place->first);
      if (!message) message = make_notification(room, kept);
      room.environment().router.post(
          base::make_ref<const router::Packet>(message, room.address(), person, router::Origin::component));
    }
  });
}

}  // namespace muc
