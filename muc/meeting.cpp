#include "muc/meeting.h"

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "muc/ns.h"
#include "muc/room.h"
#include "muc/service.h"
#include "router/token_service.h"
#include "xmpp/ns.h"

namespace muc {
namespace {

using xmpp::Condition;

constexpr router::Xep kXep{483, "0.2.0", "HTTP Online Meetings"};
constexpr std::string_view kInitiate = "urn:xmpp:http:online-meetings:initiate:0";
constexpr std::string_view kJitsiFeature = "urn:xmpp:http:online-meetings#jitsi";
constexpr std::string_view kJitsi = "jitsi";  // the one kind of meeting
constexpr std::size_t kLongestName = 256, kLongestText = 1024;

/// What stands in a URL's path as it is, and in a Jitsi room's name.
bool is_name(const Value& value) {
  const auto& text = std::get<std::string>(value);
  return text.size() <= kLongestName && std::ranges::none_of(text, [](char c) {
           return static_cast<unsigned char>(c) <= ' ' || std::string_view("\"#%&'/:<>?@\\^`{|}\x7f").contains(c);
         });
}

/// That an occupant has asked and has no answer yet.
struct Asking final : State {
  bool open = false;
};

/// What the service said: its URL or its error, without the question.
void pass_on(const xmpp::Stanza& said, router::Responder& asked) {
  const bool refused = said.type() == xmpp::Type::error;
  const xml::Element* answer = refused ? said.child(xmpp::ns::client, "error") : said.child(ns::meetings, "query");
  if (answer == nullptr) return asked.error(Condition::internal_server_error);
  xml::Document iq = xmpp::make_result(asked.request().stanza());
  if (refused) iq.root().set_attr("type", "error");
  iq.root().add_copy(*answer);
  asked.reply(std::move(iq));
}

/// One per shard; copied into the steps.
struct Meetings {
  Field<bool> on;
  Field<std::string> name, moderators;
  OccupantSlot slot;

  std::string name_of(const Room& room) const {
    return room.get(name).empty() ? std::string(room.address().local()) : room.get(name);
  }

  bool may_moderate(const Room& room, const Occupant& occupant) const {
    const std::string& who = room.get(moderators);
    if (who == "owners") return occupant.affiliation == Affiliation::owner;
    if (who == "admins") return occupant.affiliation >= Affiliation::admin;
    return who == "moderators" && occupant.role == Role::moderator;
  }

  Asking& asking(Occupant& occupant) const {
    auto& state = Room::slot(occupant, slot);
    if (state == nullptr) state = std::make_unique<Asking>();
    return static_cast<Asking&>(*state);
  }

  Refusal judge(const Room& room, Occupant& occupant, const xml::Element& query) const {
    if (!room.get(on)) return xmpp::StanzaError(Condition::feature_not_implemented, "this room has no meeting");
    if (query.attr("type") != kJitsi)
      return xmpp::StanzaError(Condition::service_unavailable, "meetings of this type are not supported");
    // XEP-0483 5: the room's owner has named it.
    if (!query.attr("id").empty() && query.attr("id") != name_of(room))
      return xmpp::StanzaError(Condition::not_acceptable, "the room's meeting has another name");
    if (query.child_text(ns::meetings, "desc").size() > kLongestText)
      return xmpp::StanzaError(Condition::policy_violation, "the description is too long");
    if (asking(occupant).open)
      return xmpp::StanzaError(Condition::resource_constraint, xmpp::ErrorType::wait, "you have asked already");
    if (!room.environment().router.is_local(router::kTokenService)) return Condition::service_unavailable;
    return std::nullopt;
  }

  xml::Document make_request(const Room& room, const Occupant& occupant, const xml::Element& asked) const {
    xml::Document iq = xmpp::make_iq(xmpp::Type::get, "meeting");
    xml::Element& query = iq.root().add("query", ns::meetings);
    query.set_attr("type", kJitsi).set_attr("id", name_of(room));
    const std::string text = asked.child_text(ns::meetings, "desc");
    if (!text.empty()) query.add_text_child("desc", text);
    query.add("for", router::kTokenServiceNs)
        .set_attr("jid", occupant.bare.str())
        .set_attr("nick", occupant.nick)
        .set_attr("moderator", may_moderate(room, occupant) ? "true" : "false");
    return iq;
  }

  void ask(Service& service, router::Responder responder) const {
    Room* room = service.room(responder.request().to());
    if (room == nullptr) return responder.error(Condition::item_not_found);
    Occupant* occupant = room->occupant_of(responder.request().from());
    if (occupant == nullptr) return responder.error(Condition::not_acceptable);
    if (const Refusal refusal = judge(*room, *occupant, responder.payload())) return responder.error(*refusal);
    asking(*occupant).open = true;
    router::Router& router = service.environment().router;
    xml::Document request = make_request(*room, *occupant, responder.payload());
    const bool moderator = may_moderate(*room, *occupant);
    router.request(
        std::move(request), room->address(), xmpp::Jid::from_prepared(router::kTokenService),
        router.settings().limits().room_meeting,
        [meetings = *this, &service, address = room->address(), number = room->number(), moderator,
         asked = std::make_unique<router::Responder>(std::move(responder))](const router::Reply& reply) {
          Room* self = service.room(address, number);
          Occupant* inside = self == nullptr ? nullptr : self->occupant_of(asked->request().from());
          if (inside != nullptr) meetings.asking(*inside).open = false;
          // None for who was removed meanwhile, nor one that lets do more than the asker may now.
          if (inside == nullptr || (moderator && !meetings.may_moderate(*self, *inside)) || !self->get(meetings.on))
            return asked->error(Condition::not_acceptable);
          if (reply.kind == router::Reply::Kind::timed_out) return asked->error(Condition::remote_server_timeout);
          pass_on(reply.packet->stanza(), *asked);
        });
  }
};

}  // namespace

void add_meeting(const Environment& environment) {
  Points& points = environment.points;
  const auto on =
      points.fields.add<bool>({.var = "muc#roomconfig_meeting", .label = "Whether the Room has an Online Meeting"});
  const auto name = points.fields.add<std::string>({.var = "muc#roomconfig_meetingname",
                                                    .label = "Name of the Meeting Room (Empty: As the Room)",
                                                    .type = xmpp::FieldType::text_single,
                                                    .otherwise = std::string(),
                                                    .accepts = is_name});
  const auto moderators = points.fields.add<std::string>(
      {.var = "muc#roomconfig_meetingmoderators",
       .label = "Who is a Moderator in the Meeting",
       .type = xmpp::FieldType::list_single,
       .otherwise = std::string("moderators"),
       .options = {{"Owners", "owners"},
                   {"Owners and Admins", "admins"},
                   {"Whoever is a Moderator in the Room", "moderators"},
                   {"Nobody", "nobody"}},
       .accepts = [](const Value& value) { return !std::get<std::string>(value).empty(); }});
  const Meetings meetings{on, name, moderators, points.occupant_slot()};
  environment.registry.xep(kXep);
  points.info.emplace_back([=](const Room& room, xml::Element& query) {
    if (!room.get(on)) return;
    for (const std::string_view var : {kInitiate, kJitsiFeature}) query.add("feature").set_attr("var", var);
  });
  // XEP-0483 4 names another namespace in a sentence; its examples and its registry have this one.
  environment.registry.iq(xmpp::Type::get, router::Target::room, ns::meetings, "query",
                          [meetings, &service = environment.service](router::Responder responder) {
                            meetings.ask(service, std::move(responder));
                          });
}

}  // namespace muc
