#include "muc/archive.h"

#include "muc/archive_prefs.h"
#include "muc/archive_query.h"
#include "muc/retraction.h"
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

std::int64_t archive_message(Room& room, const xmpp::Stanza& message, const xmpp::Jid& from, base::WallTime time,
                             xmpp::Overlay& overlay, store::Unit& rows) {
  const std::int64_t id = xmpp::next_archive_id(room.last_archive_id(), time, room.environment().random);
  room.last_archive_id() = id;
  // Without the speaker's own address, which not everybody may see.
  rows.add(store::ArchivePut{{.owner = std::string(room.address().str()),
                              .id = id,
                              .with = std::string(from.str()),
                              .direction = store::Direction::in,
                              .time = time,
                              .stanza = xmpp::to_stored(message, from, {}, overlay)}});
  overlay.added.push_back(xmpp::make_stanza_id(xmpp::format_archive_id(id), room.address()));
  return id;
}

// XEP-0313 6.1.1 wants what has a body; a subject change is no history (XEP-0045 7.2.13). A call's invitation and the
// answers to it are known by the ids that the archive gives (XEP-0482 3.1).
bool is_worth_keeping(const xmpp::Stanza& message) {
  const xmpp::Hints hints = xmpp::hints_of(message);
  return (xmpp::has_body(message) || xmpp::is_about_call(message)) && !hints.no_store && !hints.no_permanent_store;
}

void add_archive(const Environment& environment) {
  Points& points = environment.points;
  add_logging(points);
  const auto archives =
      points.fields.add<bool>({.var = "muc#roomconfig_enablearchiving",
                               .label = "Archive Messages",
                               .of_service = [](const router::RoomService& service) { return service.archive; }});
  add_retraction(environment, archives);
  points.speech.emplace_back([=](Speech& speech) -> Points::Heard {
    const xmpp::Stanza& message = speech.packet->stanza();
    speech.keep = speech.must_keep || (speech.keep && is_worth_keeping(message));
    if (speech.keep && speech.room.get(archives))
      speech.archive_id =
          archive_message(speech.room, message, speech.speaker.address, speech.time, speech.overlay, speech.unit());
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
