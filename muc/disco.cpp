#include "muc/disco.h"

#include <algorithm>
#include <array>
#include <utility>

#include "muc/ns.h"
#include "muc/room.h"
#include "muc/service.h"
#include "xmpp/ns.h"
#include "xmpp/result_set.h"

namespace muc {
namespace {

using xmpp::Condition;

constexpr router::Xep kXep{45, "1.35.5", "Multi-User Chat"};
constexpr std::string_view kRoomInfo = "http://jabber.org/protocol/muc#roominfo";
constexpr std::string_view kStableId = "http://jabber.org/protocol/muc#stable_id";
constexpr std::string_view kReservedNick = "x-roomuser-item";
constexpr std::size_t kMostListed = 100;  // of one answer

xml::Element& add_identity(xml::Element& query, std::string_view name) {
  xml::Element& identity = query.add("identity").set_attr("category", "conference").set_attr("type", "text");
  if (!name.empty()) identity.set_attr("name", name);
  return identity;
}

// ---- the service (6.1 to 6.3) ----

void service_info(const Service& service, router::Responder responder) {
  if (!responder.payload().attr("node").empty()) return responder.error(Condition::item_not_found);
  xml::Document info(xmpp::ns::disco_info, "query");
  add_identity(info.root(), service.settings(responder.request().to().domain()).name);
  for (const std::string_view var : service.environment().registry.features(router::Target::room_service))
    info.root().add("feature").set_attr("var", var);
  responder.result(info);
}

base::Result<store::RoomQuery, xmpp::StanzaError> page_of(const router::Packet& request) {
  store::RoomQuery wanted;
  wanted.service = std::string(request.to().domain());
  wanted.max = kMostListed;
  const xml::Element* set = request.stanza().payload()->child(xmpp::ns::rsm, "set");
  if (set == nullptr) return wanted;
  const auto page = xmpp::PageRequest::parse(*set);
  if (!page) return std::unexpected(page.error());
  if (page->index) return std::unexpected(xmpp::StanzaError(Condition::feature_not_implemented));
  wanted.max = std::min<std::size_t>(page->max.value_or(kMostListed), kMostListed);
  wanted.after = page->after;
  wanted.backwards = page->before.has_value();
  if (page->before && !page->before->empty()) wanted.before = page->before;
  return wanted;
}

void send_rooms(const store::RoomPage& page, router::Responder& responder) {
  xml::Document items(xmpp::ns::disco_items, "query");
  for (const store::RoomName& room : page.rooms) {
    xml::Element& item = items.root().add("item").set_attr("jid", room.room);
    item.set_attr("name",
                  room.name.empty() ? xmpp::Jid::from_prepared(room.room).local() : std::string_view(room.name));
  }
  xmpp::PageAnswer answer;
  answer.count = static_cast<std::uint64_t>(page.total);
  if (!page.rooms.empty()) {
    answer.first = page.rooms.front().room;
    answer.first_index = static_cast<std::uint64_t>(page.first_index);
    answer.last = page.rooms.back().room;
  }
  xmpp::add_page_answer(items.root(), answer);
  responder.result(items);
}

void service_items(const Service& service, router::Responder responder) {
  if (!responder.payload().attr("node").empty()) return responder.error(Condition::item_not_found);
  auto wanted = page_of(responder.request());
  if (!wanted) return responder.error(wanted.error());
  const Environment& environment = service.environment();
  environment.store.read(
      environment.router.loop(), [wanted = *std::move(wanted)](store::Reader& reader) { return reader.rooms(wanted); },
      [waiting = std::make_unique<router::Responder>(std::move(responder))](const base::Result<store::RoomPage>& page) {
        if (page) return send_rooms(*page, *waiting);
        waiting->error({Condition::internal_server_error, xmpp::ErrorType::wait});
      });
}

// ---- a room (6.4, 6.5, 7.12) ----

void reserved_nick(const Room& room, router::Responder& responder) {
  xml::Document info(xmpp::ns::disco_info, "query");
  info.root().set_attr("node", kReservedNick);
  const Lasting* place = room.lasting(responder.request().from());
  if (place != nullptr && !place->nick.empty()) add_identity(info.root(), place->nick);
  responder.result(info);
}

/// Whether one of a node's behaviours has answered.
bool answer_node(const Room& room, const std::vector<Points::Node>& nodes, std::string_view ns,
                 router::Responder& responder) {
  const std::string_view node = responder.payload().attr("node");
  xml::Document query(ns, "query");
  query.root().set_attr("node", node);
  const xmpp::Jid& who = responder.request().from();
  if (std::ranges::none_of(nodes, [&](const auto& take) { return take(room, who, node, query.root()); })) return false;
  responder.result(query);
  return true;
}

void room_info(const Room& room, router::Responder responder) {
  const std::string_view node = responder.payload().attr("node");
  if (node == kReservedNick) return reserved_nick(room, responder);
  if (!node.empty() && answer_node(room, room.environment().points.node_info, xmpp::ns::disco_info, responder)) return;
  // 18.1.1: nothing is kept from passing, so there is no list of what may.
  if (!node.empty())
    return responder.error(node.starts_with(ns::muc) ? Condition::service_unavailable : Condition::item_not_found);
  const Points& points = room.environment().points;
  xml::Document info(xmpp::ns::disco_info, "query");
  const std::string name = points.listing ? points.listing(room).name : std::string();
  add_identity(info.root(), name.empty() ? room.address().local() : std::string_view(name));
  for (const std::string_view var : room.environment().registry.features(router::Target::room))
    info.root().add("feature").set_attr("var", var);
  for (const auto& add : points.info) add(room, info.root());
  std::vector<xmpp::FormField> fields;
  for (const auto& add : points.info_form) add(room, fields);
  fields.push_back({.var = "muc#roominfo_occupants",
                    .values = {std::to_string(room.occupants().size())},
                    .label = "Number of occupants"});
  xmpp::add_form(info.root(), xmpp::FormType::result, kRoomInfo, fields);
  responder.result(info);
}

/// 6.5: who is inside is nobody's business who isn't.
void room_items(const Room& room, router::Responder responder) {
  if (!responder.payload().attr("node").empty()) {
    if (!answer_node(room, room.environment().points.node_items, xmpp::ns::disco_items, responder))
      responder.error(Condition::item_not_found);
    return;
  }
  xml::Document items(xmpp::ns::disco_items, "query");
  if (room.occupant_of(responder.request().from()) != nullptr) {
    for (const auto& [nick, occupant] : room.occupants())
      items.root().add("item").set_attr("jid", occupant->address.str());
  }
  responder.result(items);
}

}  // namespace

void add_disco(const Environment& environment) {
  using router::Target;
  Service& service = environment.service;
  router::Registry& registry = environment.registry;
  registry.xep(kXep);
  registry.feature(Target::room_service | Target::room, ns::muc);
  registry.feature(Target::room_service | Target::room, xmpp::ns::disco_info);
  registry.feature(Target::room_service | Target::room, xmpp::ns::disco_items);
  registry.feature(Target::room_service | Target::room, kStableId);
  registry.feature(Target::room_service, xmpp::ns::rsm);
  const auto of_service = [&](std::string_view ns, void (*answer)(const Service&, router::Responder)) {
    registry.iq(xmpp::Type::get, Target::room_service, ns, "query",
                [&service, answer](router::Responder responder) { answer(service, std::move(responder)); });
  };
  of_service(xmpp::ns::disco_info, service_info);
  of_service(xmpp::ns::disco_items, service_items);
  const auto of_room = [&](std::string_view ns, void (*answer)(const Room&, router::Responder)) {
    registry.iq(xmpp::Type::get, Target::room, ns, "query", [&service, answer](router::Responder responder) {
      const Room* room = service.room(responder.request().to());
      if (room == nullptr) return responder.error(Condition::item_not_found);
      answer(*room, std::move(responder));
    });
  };
  of_room(xmpp::ns::disco_info, room_info);
  of_room(xmpp::ns::disco_items, room_items);
}

}  // namespace muc
