#include "muc/owner.h"

#include <utility>

#include "muc/ns.h"
#include "muc/room.h"
#include "muc/service.h"
#include "xmpp/ns.h"

namespace muc {
namespace {

using xmpp::Condition;

store::Writer::Done answer_with(router::Responder responder) {
  return [waiting = std::make_unique<router::Responder>(std::move(responder))](const base::Result<void>& done) {
    if (done) return waiting->result();
    waiting->error({Condition::internal_server_error, xmpp::ErrorType::wait});
  };
}

// 10.9.
void destroy(Room& room, const xml::Element& wish, router::Responder responder) {
  xml::Document x(ns::user, "x");
  x.root().add("item").set_attr("affiliation", "none").set_attr("role", "none");
  xml::Element& told = x.root().add("destroy");
  if (!wish.attr("jid").empty()) {
    const auto venue = xmpp::Jid::parse(wish.attr("jid"));
    if (!venue) return responder.error(Condition::jid_malformed);
    told.set_attr("jid", venue->str());
  }
  for (const char* name : {"password", "reason"}) {
    const std::string text = wish.child_text(ns::owner, name);
    if (!text.empty()) told.add_text_child(name, text);
  }
  room.destroy(std::move(x), answer_with(std::move(responder)));
}

// 10.1.3, 10.2.
void configure(Room& room, const xml::Element& x, router::Responder responder) {
  const auto form = xmpp::DataForm::parse(x);
  if (!form) return responder.error(form.error());
  if (form->type() == xmpp::FormType::cancel) {
    if (room.is_new()) return destroy(room, xml::Document(ns::owner, "destroy").root(), std::move(responder));
    return responder.result();
  }
  if (form->type() != xmpp::FormType::submit) return responder.error(Condition::bad_request);
  const Points& points = room.environment().points;
  auto values = points.fields.submitted(*form, room.values());
  if (!values) return responder.error(values.error());
  if (points.fields.form_bytes(*values) > room.environment().router.settings().limits().room_config_bytes)
    return responder.error({Condition::resource_constraint, xmpp::ErrorType::modify, "the configuration is too long"});
  for (const auto& judge : points.validate) {
    if (const Refusal refusal = judge(room, *values)) return responder.error(*refusal);
  }
  const xmpp::Jid who = responder.request().from();
  Points::Submission submission{room, who, *form};
  for (const auto& judge : points.submitted) {
    if (const Refusal refusal = judge(submission)) return responder.error(*refusal);
  }
  room.change(
      [&] {
        for (const auto& change : submission.changes) change();
        room.configure(*std::move(values));
      },
      answer_with(std::move(responder)));
}

void get(Room& room, router::Responder responder) {
  xml::Document query(ns::owner, "query");
  const Points& points = room.environment().points;
  std::vector<xmpp::FormField> more;
  for (const auto& add : points.form) add(room, more);
  points.fields.add_form(query.root(), room.values(), more);
  responder.result(query);
}

void set(Room& room, router::Responder responder) {
  const xml::Element& query = responder.payload();
  if (const xml::Element* wish = query.child(ns::owner, "destroy")) return destroy(room, *wish, std::move(responder));
  if (const xml::Element* x = query.child(xmpp::ns::data_forms, "x")) return configure(room, *x, std::move(responder));
  responder.error(Condition::bad_request);
}

}  // namespace

void add_owner(const Environment& environment) {
  Service& service = environment.service;
  const auto on = [&](xmpp::Type type, void (*answer)(Room&, router::Responder)) {
    environment.registry.iq(type, router::Target::room, ns::owner, "query",
                            [&service, answer](router::Responder responder) {
                              Room* room = service.room(responder.request().to());
                              if (room == nullptr) return responder.error(Condition::item_not_found);
                              if (room->affiliation(responder.request().from()) != Affiliation::owner)
                                return responder.error(Condition::forbidden);
                              answer(*room, std::move(responder));
                            });
  };
  on(xmpp::Type::get, get);
  on(xmpp::Type::set, set);
}

}  // namespace muc
