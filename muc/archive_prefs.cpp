#include "muc/archive_prefs.h"

#include <memory>
#include <utility>
#include <vector>

#include "muc/archive_query.h"
#include "muc/room.h"
#include "muc/service.h"
#include "xmpp/archive_query.h"

namespace muc {
namespace {

using xmpp::Condition;

/// XEP-0441 2.1: both lists are there, and empty: a room makes no difference between speakers.
xml::Document make_prefs(bool keeps) {
  xml::Document prefs(xmpp::ns::mam, "prefs");
  prefs.root().set_attr("default", keeps ? "always" : "never");
  prefs.root().add("always");
  prefs.root().add("never");
  return prefs;
}

/// What they ask for. Refused rather than applied in part: who lists somebody under "never" relies on it.
base::Result<bool, xmpp::StanzaError> read_prefs(const xml::Element& prefs) {
  for (const char* name : {"always", "never"}) {
    const xml::Element* list = prefs.child(xmpp::ns::mam, name);
    if (list != nullptr && list->first_child() != nullptr)
      return std::unexpected(xmpp::StanzaError(Condition::feature_not_implemented, "a room has no such lists"));
  }
  const std::string_view wanted = prefs.attr("default");
  if (wanted == "always" || wanted == "never") return wanted == "always";
  if (wanted == "roster")
    return std::unexpected(xmpp::StanzaError(Condition::feature_not_implemented, "a room has no roster"));
  return std::unexpected(xmpp::StanzaError(Condition::bad_request));
}

void show(const Room& room, Field<bool> archives, router::Responder responder) {
  if (!may_ask_archive(room, responder.request().from())) return responder.error(Condition::forbidden);
  responder.result(make_prefs(room.get(archives)));
}

void change(Room& room, Field<bool> archives, router::Responder responder) {
  if (room.affiliation(responder.request().from()) != Affiliation::owner) return responder.error(Condition::forbidden);
  const auto wanted = read_prefs(responder.payload());
  if (!wanted) return responder.error(wanted.error());
  room.change(
      [&] {
        if (room.is_new()) return room.set(archives, *wanted);  // that it stays locked
        std::vector<Value> values = room.values();
        values[archives.index] = *wanted;
        room.configure(std::move(values));
      },
      [keeps = *wanted,
       waiting = std::make_unique<router::Responder>(std::move(responder))](const base::Result<void>& done) {
        if (done) return waiting->result(make_prefs(keeps));
        waiting->error({Condition::internal_server_error, xmpp::ErrorType::wait});
      });
}

}  // namespace

void add_archive_prefs(const Environment& environment, Field<bool> archives) {
  const auto on = [&](xmpp::Type type, auto answer) {
    environment.registry.iq(type, router::Target::room, xmpp::ns::mam, "prefs",
                            [&service = environment.service, archives, answer](router::Responder responder) {
                              Room* room = service.room(responder.request().to());
                              if (room == nullptr) return responder.error(Condition::item_not_found);
                              answer(*room, archives, std::move(responder));
                            });
  };
  on(xmpp::Type::get, show);
  on(xmpp::Type::set, change);
}

}  // namespace muc
