#include "muc/meeting.h"

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "muc/commands.h"
#include "muc/room.h"
#include "muc/service.h"
#include "router/token_service.h"
#include "xmpp/ns.h"

namespace muc {
namespace {

using xmpp::Condition;

constexpr router::Xep kXep{483, "0.2.0", "HTTP Online Meetings"};
constexpr std::string_view kCommand = "urn:exedra:commands:meeting";
constexpr std::size_t kLongestName = 256, kLongestText = 1024;

/// What stands in a URL's path as it is, and in a Jitsi room's address.
bool is_name(const Value& value) {
  const auto& text = std::get<std::string>(value);
  return text.empty() || (text.size() <= kLongestName && text.find_first_of("#%?[]\\^`{|}") == std::string::npos &&
                          xmpp::Jid::make(text, "example.org").has_value());
}

/// That an occupant has asked and has no answer yet.
struct Asking final : State {
  bool open = false;
};

/// Told once: what the service said, or why it wasn't asked or its answer isn't passed on.
using Answered = base::Fn<void(const base::Result<const router::Reply*, xmpp::StanzaError>&)>;

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

  /// By what everybody in the room knows a person, for in the meeting everybody sees it.
  static std::string id_of(const Room& room, const Occupant& occupant) {
    if (room.shows_addresses_to_members()) return std::string(occupant.bare.str());
    return room.environment().points.occupant_id(room, occupant.bare);
  }

  /// Whether there is somebody to ask for links.
  bool offered(const Room& room) const {
    return room.get(on) && room.service().meetings && room.environment().router.is_local(router::kTokenService);
  }

  /// XEP-0483 4, 5.
  Refusal judge_query(const Room& room, const xml::Element& query) const {
    if (!room.get(on)) return std::nullopt;  // judge() says so
    if (query.attr("type") != router::kJitsi)
      return xmpp::StanzaError(Condition::service_unavailable, "meetings of this type are not supported");
    // The room's owner has named it.
    if (!query.attr("id").empty() && query.attr("id") != name_of(room))
      return xmpp::StanzaError(Condition::not_acceptable, "the room's meeting has another name");
    if (query.child_text(router::kMeetings, "desc").size() > kLongestText)
      return xmpp::StanzaError(Condition::policy_violation, "the description is too long");
    return std::nullopt;
  }

  Refusal judge(const Room& room, Occupant& occupant) const {
    if (!room.get(on)) return xmpp::StanzaError(Condition::feature_not_implemented, "this room has no meeting");
    if (asking(occupant).open)
      return xmpp::StanzaError(Condition::resource_constraint, xmpp::ErrorType::wait, "you have asked already");
    if (!room.environment().router.is_local(router::kTokenService)) return Condition::service_unavailable;
    return std::nullopt;
  }

  xml::Document make_request(const Room& room, const Occupant& occupant, const std::string& text) const {
    xml::Document iq = xmpp::make_iq(xmpp::Type::get, "meeting");
    xml::Element& query = iq.root().add("query", router::kMeetings);
    query.set_attr("type", router::kJitsi).set_attr("id", name_of(room));
    if (!text.empty()) query.add_text_child("desc", text);
    query.add("for", router::kTokenServiceNs)
        .set_attr("jid", occupant.bare.str())
        .set_attr("id", id_of(room, occupant))
        .set_attr("nick", occupant.nick)
        .set_attr("moderator", may_moderate(room, occupant) ? "true" : "false");
    return iq;
  }

  void request(Service& service, Room& room, Occupant& occupant, const xmpp::Jid& session, const std::string& text,
               Answered done) const {
    if (const Refusal refusal = judge(room, occupant)) return done(std::unexpected(*refusal));
    asking(occupant).open = true;
    router::Router& router = service.environment().router;
    router.request(
        make_request(room, occupant, text), room.address(), xmpp::Jid::from_prepared(router::kTokenService),
        router.settings().limits().room_meeting,
        [meetings = *this, &service, address = room.address(), number = room.number(), session,
         moderator = may_moderate(room, occupant), done = std::move(done)](const router::Reply& reply) mutable {
          Room* self = service.room(address, number);
          Occupant* inside = self == nullptr ? nullptr : self->occupant_of(session);
          if (inside != nullptr) meetings.asking(*inside).open = false;
          // None for who was removed meanwhile, nor one that lets do more than the asker may now.
          if (inside == nullptr || (moderator && !meetings.may_moderate(*self, *inside)) || !self->get(meetings.on))
            return done(std::unexpected(Condition::not_acceptable));
          done(&reply);
        });
  }

  /// XEP-0483 4.
  void asked(Service& service, router::Responder responder) const {
    Room* room = service.room(responder.request().to());
    if (room == nullptr) return responder.error(Condition::item_not_found);
    const xmpp::Jid session = responder.request().from();
    Occupant* occupant = room->occupant_of(session);
    if (occupant == nullptr) return responder.error(Condition::not_acceptable);
    if (const Refusal refusal = judge_query(*room, responder.payload())) return responder.error(*refusal);
    const std::string text = responder.payload().child_text(router::kMeetings, "desc");
    request(service, *room, *occupant, session, text,
            [asker = std::make_unique<router::Responder>(std::move(responder))](const auto& reply) {
              if (!reply) return asker->error(reply.error());
              router::pass_on(**reply, std::move(*asker));
            });
  }

  /// The same for clients that know commands only (XEP-0050).
  void commanded(Service& service, Room& room, Execution&& execution) const {
    const xmpp::Jid session = execution.who();
    Occupant* occupant = room.occupant_of(session);
    if (occupant == nullptr) return execution.refuse(Condition::not_acceptable);
    request(
        service, room, *occupant, session, {},
        [waiting = std::make_unique<Execution>(std::move(execution))](const auto& reply) {
          if (!reply) return waiting->refuse(reply.error());
          const auto links = router::links_in(**reply);
          if (!links) return waiting->refuse(links.error());
          xml::Document form(xmpp::ns::client, "form");
          waiting->complete(&xmpp::add_form(form.root(), xmpp::FormType::result, {},
                                            {{.var = "url", .values = {links->own}, .label = "Link to the Meeting"}}));
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
    if (!meetings.offered(room)) return;
    for (const std::string_view var : {router::kMeetingInitiation, router::kJitsiMeetings})
      query.add("feature").set_attr("var", var);
  });
  // XEP-0483 4 names another namespace in a sentence; its examples and its registry have this one.
  environment.registry.iq(xmpp::Type::get, router::Target::room, router::kMeetings, "query",
                          [meetings, &service = environment.service](router::Responder responder) {
                            meetings.asked(service, std::move(responder));
                          });
  points.commands.push_back(
      {kCommand, "Get a link to the meeting",
       [meetings](const Room& room, const xmpp::Jid& who) {
         return meetings.offered(room) && room.occupant_of(who) != nullptr;
       },
       nullptr,
       [meetings, &service = environment.service](Room& room, const xmpp::DataForm&, Execution&& execution) {
         meetings.commanded(service, room, std::move(execution));
       }});
}

}  // namespace muc
