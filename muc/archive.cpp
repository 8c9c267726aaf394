#include "muc/archive.h"

#include "muc/archive_prefs.h"
#include "muc/archive_query.h"
#include "muc/room.h"
#include "store/unit.h"
#include "xmpp/archive_id.h"
#include "xmpp/archive_query.h"
#include "xmpp/message.h"
#include "xmpp/ns.h"
#include "xmpp/stanza_id.h"
#include "xmpp/stored.h"

namespace muc {
namespace {

/// A row in the room's archive, whose id everybody sees with the message (XEP-0313 3.4, XEP-0359 3).
void keep(Speech& speech, base::Random& random) {
  Room& room = speech.room;
  const std::int64_t id = xmpp::next_archive_id(room.last_archive_id(), speech.time, random);
  room.last_archive_id() = id;
  // Without the speaker's own address, which not everybody may see.
  speech.unit().add(store::ArchivePut{
      {.owner = std::string(room.address().str()),
       .id = id,
       .with = std::string(speech.speaker.address.str()),
       .direction = store::Direction::in,
       .time = speech.time,
       .stanza = xmpp::to_stored(speech.packet->stanza(), speech.speaker.address, {}, speech.overlay)}});
  speech.overlay.added.push_back(xmpp::make_stanza_id(xmpp::format_archive_id(id), room.address()));
}

/// 7.2.12, 10.2.1: what the room's owner makes public elsewhere; the room's own archive is for those who may enter.
void add_logging(Points& points) {
  const auto logged =
      points.fields.add<bool>({.var = "muc#roomconfig_enablelogging", .label = "Enable Public Logging"});
  points.notices.emplace_back([=](const Room& room, std::vector<int>& codes) {
    if (room.get(logged)) codes.push_back(170);
  });
  points.configured.emplace_back([=](Room& room, const std::vector<Value>& before, std::vector<int>& codes) {
    if (std::get<bool>(before[logged.index]) != room.get(logged)) codes.push_back(room.get(logged) ? 170 : 171);
  });
}

}  // namespace

// XEP-0313 6.1.1 wants what has a body; a subject change is no history (XEP-0045 7.2.13).
bool is_worth_keeping(const xmpp::Stanza& message) {
  const xmpp::Hints hints = xmpp::hints_of(message);
  return xmpp::has_body(message) && !hints.no_store && !hints.no_permanent_store;
}

void add_archive(const Environment& environment) {
  Points& points = environment.points;
  add_logging(points);
  const auto archives =
      points.fields.add<bool>({.var = "muc#roomconfig_enablearchiving",
                               .label = "Archive Messages",
                               .of_service = [](const router::RoomService& service) { return service.archive; }});
  points.speech.emplace_back([=, &random = environment.random](Speech& speech) -> Points::Heard {
    speech.keep = speech.keep && is_worth_keeping(speech.packet->stanza());
    if (speech.keep && speech.room.get(archives)) keep(speech, random);
    return {};
  });
  points.info.emplace_back([=](const Room& room, xml::Element& query) {
    if (!room.get(archives)) return;
    for (const std::string_view var : {xmpp::ns::mam, xmpp::ns::mam_extended, xmpp::ns::sid})
      query.add("feature").set_attr("var", var);
  });
  add_archive_queries(environment, archives);
  add_archive_prefs(environment, archives);
}

}  // namespace muc
