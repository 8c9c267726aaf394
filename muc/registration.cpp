#include "muc/registration.h"

#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "muc/approval.h"
#include "muc/ns.h"
#include "muc/room.h"
#include "muc/service.h"
#include "xmpp/ns.h"

namespace muc {
namespace {

using xmpp::Condition;

constexpr std::string_view kNick = "muc#register_roomnick";

/// Whose a nickname is; made anew when a place has changed.
struct Reserved final : State {
  std::unordered_map<std::string, std::string> owners;
};

class Registration {
 public:
  explicit Registration(const Environment& environment)
      : slot_(environment.points.room_slot()),
        approval_(environment, [slot = slot_](Room& room, const std::string& nick, const xmpp::Jid& who) {
          return is_taken(slot, room, nick, who);
        }) {}

  /// 7.2.8: somebody else's reserved nickname.
  bool is_reserved(Room& room, std::string_view nick, const xmpp::Jid& who) const {
    return is_reserved(slot_, room, nick, who);
  }
  void forget(Room& room) const { room.slot(slot_).reset(); }

  void get(Room& room, router::Responder responder) const {
    const xmpp::Jid& who = responder.request().from();
    if (!may_register(room, who)) return responder.error(Condition::not_allowed);
    xml::Document query(xmpp::ns::registration, "query");
    const Lasting* place = room.lasting(who);
    if (place != nullptr && !place->nick.empty()) {
      query.root().add("registered");
      query.root().add_text_child("username", place->nick);
      return responder.result(query);
    }
    query.root().add_text_child("instructions", "Choose the nickname that is to be yours in this room.");
    xmpp::add_form(query.root(), xmpp::FormType::form, ns::registration,
                   {{.var = std::string(kNick), .label = "Desired Nickname", .required = true}});
    responder.result(query);
  }

  void set(Room& room, router::Responder responder) const {
    const xmpp::Jid who = responder.request().from().bare();
    if (responder.payload().child(xmpp::ns::registration, "remove") != nullptr)
      return cancel(room, who, std::move(responder));
    if (!may_register(room, who)) return responder.error(Condition::not_allowed);
    const xml::Element* x = responder.payload().child(xmpp::ns::data_forms, "x");
    if (x == nullptr) return responder.error(Condition::bad_request);
    const auto form = xmpp::DataForm::parse(*x);
    if (!form) return responder.error(form.error());
    if (form->type() == xmpp::FormType::cancel) return responder.result();
    const auto wanted = form->value(kNick);
    if (form->type() != xmpp::FormType::submit || form->form_type() != ns::registration || !wanted || !*wanted)
      return responder.error(Condition::bad_request);
    const auto address = room.address().with_resource(**wanted);
    if (!address || address->is_bare()) return responder.error(Condition::jid_malformed);
    const std::string nick(address->resource());
    if (is_taken(slot_, room, nick, who)) return responder.error(Condition::conflict);
    const bool fresh = !room.places().contains(who.bare_str());
    if (fresh && room.places().size() >= room.service().limits.room_affiliations)
      return responder.error(Condition::resource_constraint);
    if (room.affiliation(who) < Affiliation::member && approval_.is_wanted(room)) {
      if (const Refusal refusal = approval_.judge(room, who)) return responder.error(*refusal);
      approval_.ask(room, who, nick);
      return put(room, who, Affiliation::none, nick, std::move(responder));
    }
    const Affiliation affiliation = std::max(room.affiliation(who), Affiliation::member);
    put(room, who, affiliation, nick, std::move(responder));
  }

 private:
  static std::unique_ptr<Reserved> index(const Room& room) {
    auto made = std::make_unique<Reserved>();
    for (const auto& [who, place] : room.places())
      if (place.affiliation > Affiliation::none && !place.nick.empty()) made->owners.emplace(place.nick, who);
    return made;
  }

  static bool is_reserved(RoomSlot slot, Room& room, std::string_view nick, const xmpp::Jid& who) {
    auto& state = room.slot(slot);
    if (state == nullptr) state = index(room);
    const auto& owners = static_cast<const Reserved&>(*state).owners;
    const auto found = owners.find(std::string(nick));
    return found != owners.end() && found->second != who.bare_str() && found->second != who.domain();
  }

  /// By reservation, or by being inside with it.
  static bool is_taken(RoomSlot slot, Room& room, const std::string& nick, const xmpp::Jid& who) {
    const Occupant* holder = room.holder(nick);
    return is_reserved(slot, room, nick, who) || (holder != nullptr && holder->bare != who);
  }

  /// Who isn't affiliated may, unless membership gives more than a name (entry, or voice) and nobody is asked.
  bool may_register(const Room& room, const xmpp::Jid& who) const {
    const Affiliation affiliation = room.affiliation(who);
    if (affiliation == Affiliation::outcast || room.is_new()) return false;
    return affiliation >= Affiliation::member || approval_.is_wanted(room) ||
           (room.is_admitted(affiliation) && room.role_for(affiliation) == room.role_for(Affiliation::member));
  }

  /// XEP-0077 3.2: membership goes with the name; admins and owners stay what they are.
  static void cancel(Room& room, const xmpp::Jid& who, router::Responder responder) {
    const auto found = room.places().find(who.bare_str());
    if (found == room.places().end() || found->second.affiliation == Affiliation::outcast)
      return responder.error(Condition::registration_required);
    const Affiliation now = found->second.affiliation;
    put(room, who, now == Affiliation::member ? Affiliation::none : now, {}, std::move(responder));
  }

  static void put(Room& room, const xmpp::Jid& who, Affiliation affiliation, std::string nick,
                  router::Responder responder) {
    room.change([&] { room.place(who, {.affiliation = affiliation, .nick = std::move(nick), .reason = {}}, {}); },
                [waiting = std::make_unique<router::Responder>(std::move(responder))](const base::Result<void>& done) {
                  if (done) return waiting->result();
                  waiting->error({Condition::internal_server_error, xmpp::ErrorType::wait});
                });
  }

  RoomSlot slot_;
  Approval approval_;
};

}  // namespace

void add_registration(const Environment& environment) {
  Points& points = environment.points;
  const Registration registration(environment);
  const auto own_name = [registration](Join& join) -> Refusal {
    if (!registration.is_reserved(join.room, join.nick, join.presence.from())) return std::nullopt;
    return xmpp::StanzaError(Condition::conflict, "the nickname is reserved");
  };
  points.join.emplace_back(own_name);
  points.rename.emplace_back(own_name);
  points.standing.emplace_back(
      [registration](Room& room, const xmpp::Jid&, Affiliation, Affiliation) { registration.forget(room); });
  points.taken_back.emplace_back([registration](Room& room) { registration.forget(room); });
  environment.registry.feature(router::Target::room, xmpp::ns::registration);
  environment.registry.feature(router::Target::room, ns::registration);
  const auto on = [&](xmpp::Type type, void (Registration::*answer)(Room&, router::Responder) const) {
    environment.registry.iq(type, router::Target::room, xmpp::ns::registration, "query",
                            [&service = environment.service, registration, answer](router::Responder responder) {
                              Room* room = service.room(responder.request().to());
                              if (room == nullptr) return responder.error(Condition::item_not_found);
                              (registration.*answer)(*room, std::move(responder));
                            });
  };
  on(xmpp::Type::get, &Registration::get);
  on(xmpp::Type::set, &Registration::set);
}

}  // namespace muc
