#include "muc/hats.h"

#include <algorithm>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "muc/commands.h"
#include "muc/hat.h"
#include "muc/ns.h"
#include "muc/room.h"
#include "xmpp/ns.h"

namespace muc {
namespace {

using xmpp::Condition;
using xmpp::FieldType;

constexpr router::Xep kXep{317, "0.3.1", "Hats"};
constexpr std::string_view kForm = "urn:xmpp:hats:commands";
constexpr std::string_view kCreate = "urn:xmpp:hats:commands:create";
constexpr std::string_view kDestroy = "urn:xmpp:hats:commands:destroy";
constexpr std::string_view kAssign = "urn:xmpp:hats:commands:assign";
constexpr std::string_view kUnassign = "urn:xmpp:hats:commands:unassign";
constexpr std::string_view kList = "urn:xmpp:hats:commands:list";
constexpr std::string_view kListAssigned = "urn:xmpp:hats:commands:list-assigned";
constexpr std::string_view kJid = "hats#jid", kUri = "hats#uri", kTitle = "hats#title", kHue = "hats#hue";
void add_hat(xml::Element& hats, const Hat& hat) {
  xml::Element& element = hats.add("hat").set_attr("title", hat.title).set_attr("uri", hat.uri);
  if (!hat.hue.empty()) element.set_attr("hue", hat.hue);
}

// ---- forms ----

base::Result<std::string, xmpp::StanzaError> value_of(const xmpp::DataForm& form, std::string_view var) {
  if (!form.form_type().empty() && form.form_type() != kForm)
    return std::unexpected(xmpp::StanzaError(Condition::bad_request, "this is another form"));
  const auto value = form.value(var);
  if (!value) return std::unexpected(value.error());
  return value->value_or(std::string());
}

base::Result<Hat, xmpp::StanzaError> hat_in(const xmpp::DataForm& form) {
  Hat hat;
  for (const auto& [var, to] : {std::pair(kUri, &hat.uri), std::pair(kTitle, &hat.title), std::pair(kHue, &hat.hue)}) {
    auto value = value_of(form, var);
    if (!value) return std::unexpected(value.error());
    *to = *std::move(value);
  }
  if (!hat.is_good())
    return std::unexpected(
        xmpp::StanzaError(Condition::not_acceptable, "a hat needs a URI and a title; a hue is an angle"));
  return hat;
}

xmpp::FormField uri_field(const Hats& hats, const Room& room) {
  xmpp::FormField field{.var = std::string(kUri), .type = FieldType::list_single, .label = "Hat", .required = true};
  for (const std::string& text : hats.all(room)) {
    Hat hat = Hat::from(text);
    field.options.push_back({std::move(hat.title), std::move(hat.uri)});
  }
  return field;
}

xml::Element& begin_list(xml::Document& to, std::string_view title, std::initializer_list<std::string_view> vars) {
  xml::Element& x = to.root().set_attr("type", "result");
  x.add_text_child("title", title);
  xml::Element& reported = x.add("reported");
  for (const std::string_view var : vars) reported.add("field").set_attr("var", var);
  return x;
}

void add_value(xml::Element& item, std::string_view var, std::string_view value) {
  item.add("field").set_attr("var", var).add_text_child("value", value);
}

void add_values(xml::Element& item, const Hat& hat) {
  add_value(item, kTitle, hat.title);
  add_value(item, kUri, hat.uri);
  add_value(item, kHue, hat.hue);
}

// ---- commands ----

bool has(const std::vector<std::string_view>& all, std::string_view one) {
  return std::ranges::find(all, one) != all.end();
}

const xmpp::StanzaError& full() {
  static const xmpp::StanzaError error(Condition::resource_constraint, "no more hats can be kept");
  return error;
}

/// Those inside who wear it are shown anew.
void show_wearers(const Hats& hats, Room& room, std::string_view uri) {
  std::vector<Occupant*> wearers;
  for (const auto& [nick, occupant] : room.occupants())
    if (has(hats.of(room, occupant->bare.str()), uri)) wearers.push_back(occupant.get());
  for (Occupant* wearer : wearers) room.show(*wearer);
}

// 4.2: one that is there already is changed.
void create(const Hats& hats, Room& room, const xmpp::DataForm& form, Execution&& execution) {
  const auto hat = hat_in(form);
  if (!hat) return execution.refuse(hat.error());
  Texts all = hats.all(room);
  const auto found = std::ranges::find(all, hat->uri, Hats::first_line);
  if (found == all.end() && all.size() == Hats::kMost) return execution.refuse(full());
  if (found == all.end()) {
    all.push_back(hat->text());
  } else {
    *found = hat->text();
  }
  if (!hats.fits(room, all, hats.worn(room))) return execution.refuse(full());
  std::move(execution).complete_with(room, [&] {
    hats.put(room, std::move(all), hats.worn(room));
    room.then([hats, &room, uri = hat->uri] {
      show_wearers(hats, room, uri);
      room.notify({104});
    });
  });
}

// 4.3.
void destroy(const Hats& hats, Room& room, const xmpp::DataForm& form, Execution&& execution) {
  const auto uri = value_of(form, kUri);
  if (!uri) return execution.refuse(uri.error());
  if (!hats.find(room, *uri)) return execution.refuse(Condition::item_not_found);
  Texts all = hats.all(room), worn = hats.worn(room);
  std::erase_if(all, [&](const std::string& text) { return Hats::first_line(text) == *uri; });
  std::vector<std::string> wearers;
  for (const std::string& text : worn)
    if (has(hats.of(room, Hats::first_line(text)), *uri)) wearers.emplace_back(Hats::first_line(text));
  for (const std::string& bare : wearers) {
    auto left = hats.of(room, bare);
    std::erase(left, *uri);
    Hats::dress(worn, bare, left);
  }
  std::move(execution).complete_with(room, [&] {
    hats.put(room, std::move(all), std::move(worn));
    room.then([&room, wearers = std::move(wearers)] {
      for (const std::string& bare : wearers)
        for (Occupant* occupant : room.occupants_of(xmpp::Jid::from_prepared(bare))) room.show(*occupant);
      room.notify({104});
    });
  });
}

// 4.5, 4.6.
void assign(const Hats& hats, bool on, Room& room, const xmpp::DataForm& form, Execution&& execution) {
  const auto uri = value_of(form, kUri);
  if (!uri) return execution.refuse(uri.error());
  const auto jid = form.jid(kJid);
  if (!jid) return execution.refuse(jid.error());
  if (!*jid || (*jid)->local().empty()) return execution.refuse(Condition::jid_malformed);
  const xmpp::Jid who = (*jid)->bare();
  auto own = hats.of(room, who.str());
  const bool wears = has(own, *uri);
  if (on ? !hats.find(room, *uri) : !wears) return execution.refuse(Condition::item_not_found);
  if (on == wears) return execution.complete();
  if (on && own.size() == Hats::kMostWorn) return execution.refuse(full());
  if (on) own.push_back(*uri);
  if (!on) std::erase(own, *uri);
  Texts worn = hats.worn(room);
  Hats::dress(worn, who.str(), own);
  if (!hats.fits(room, hats.all(room), worn)) return execution.refuse(full());
  std::move(execution).complete_with(room, [&] {
    hats.put(room, hats.all(room), std::move(worn));
    room.then([&room, who] {
      for (Occupant* occupant : room.occupants_of(who)) room.show(*occupant);
    });
  });
}

// 4.4.
void list(const Hats& hats, const Room& room, Execution& execution) {
  xml::Document form(xmpp::ns::data_forms, "x");
  xml::Element& x = begin_list(form, "Hats List", {kTitle, kUri, kHue});
  for (const std::string& text : hats.all(room)) add_values(x.add("item"), Hat::from(text));
  execution.complete(&x);
}

// 4.7.
void list_assigned(const Hats& hats, const Room& room, Execution& execution) {
  xml::Document form(xmpp::ns::data_forms, "x");
  xml::Element& x = begin_list(form, "Assigned Hats List", {kJid, kTitle, kUri, kHue});
  for (const std::string& text : hats.worn(room)) {
    for (const std::string_view uri : hats.of(room, Hats::first_line(text))) {
      xml::Element& item = x.add("item");
      add_value(item, kJid, Hats::first_line(text));
      add_values(item, hats.find(room, uri).value_or(Hat()));
    }
  }
  execution.complete(&x);
}

bool is_admin(const Room& room, const xmpp::Jid& who) { return room.affiliation(who) >= Affiliation::admin; }

/// Who may see hats in presence.
bool may_list(const Room& room, const xmpp::Jid& who) {
  return room.occupant_of(who) != nullptr || room.affiliation(who) >= Affiliation::member;
}

void add_administration(Points& points, const Hats& hats) {
  points.commands.push_back({kCreate, "Create or change a hat", is_admin,
                             [](const Room&, xml::Element& command) {
                               xmpp::add_form(command, xmpp::FormType::form, kForm,
                                              {{.var = std::string(kTitle), .label = "Hat Title", .required = true},
                                               {.var = std::string(kUri), .label = "Hat URI", .required = true},
                                               {.var = std::string(kHue), .label = "Hat Hue"}})
                                   .add_text_child("title", "Creating a Hat");
                             },
                             [hats](Room& room, const xmpp::DataForm& form, Execution&& execution) {
                               create(hats, room, form, std::move(execution));
                             }});
  points.commands.push_back({kDestroy, "Destroy a hat", is_admin,
                             [hats](const Room& room, xml::Element& command) {
                               xmpp::add_form(command, xmpp::FormType::form, kForm, {uri_field(hats, room)})
                                   .add_text_child("title", "Destroying a Hat");
                             },
                             [hats](Room& room, const xmpp::DataForm& form, Execution&& execution) {
                               destroy(hats, room, form, std::move(execution));
                             }});
}

void add_assignment(Points& points, const Hats& hats) {
  const auto add = [&](std::string_view node, std::string_view name, std::string_view title, bool on) {
    points.commands.push_back(
        {node, name, is_admin,
         [hats, title](const Room& room, xml::Element& command) {
           xmpp::add_form(
               command, xmpp::FormType::form, kForm,
               {{.var = std::string(kJid), .type = FieldType::jid_single, .label = "User Address", .required = true},
                uri_field(hats, room)})
               .add_text_child("title", title);
         },
         [hats, on](Room& room, const xmpp::DataForm& form, Execution&& execution) {
           assign(hats, on, room, form, std::move(execution));
         }});
  };
  add(kAssign, "Give somebody a hat", "Assigning a Hat", true);
  add(kUnassign, "Take somebody's hat", "Removing a Hat", false);
}

}  // namespace

void add_hats(const Environment& environment) {
  environment.registry.xep(kXep);
  environment.registry.feature(router::Target::room, ns::hats);
  Points& points = environment.points;
  const auto texts = [&](std::string_view var) {
    return points.fields.add<Texts>({.var = var, .label = "", .otherwise = Texts(), .in_form = false});
  };
  const Field<Texts> all = texts("exedra#hats");
  const Hats hats(all, texts("exedra#hats_worn"));
  add_administration(points, hats);
  add_assignment(points, hats);
  points.commands.push_back(
      {kList, "List hats", may_list, nullptr,
       [hats](Room& room, const xmpp::DataForm&, Execution&& execution) { list(hats, room, execution); }});
  points.commands.push_back(
      {kListAssigned, "List who wears which hat", is_admin, nullptr,
       [hats](Room& room, const xmpp::DataForm&, Execution&& execution) { list_assigned(hats, room, execution); }});
  points.presence.emplace_back(
      [hats](const Room& room, const Occupant& occupant, xml::Element& presence, xml::Element&) {
        if (!presence.attr("type").empty()) return;
        const auto uris = hats.of(room, occupant.bare.str());
        if (uris.empty()) return;
        xml::Element& element = presence.add("hats", ns::hats);
        for (const std::string_view uri : uris)
          if (const auto hat = hats.find(room, uri)) add_hat(element, *hat);
      });
  points.info_form.emplace_back([hats](const Room& room, std::vector<xmpp::FormField>& fields) {
    if (hats.all(room).empty()) return;
    std::string text;
    for (const std::string& hat : hats.all(room)) text += hat + '\n';
    fields.push_back({.var = "hats#hash", .values = {std::to_string(xmpp::stable_hash(text))}, .label = "Hats hash"});
  });
}

}  // namespace muc
