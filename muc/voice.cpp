#include "muc/voice.h"

#include <chrono>

#include "muc/room.h"
#include "xmpp/ns.h"

namespace muc {
namespace {

using xmpp::Condition;
using xmpp::FieldType;

constexpr std::string_view kRequest = "http://jabber.org/protocol/muc#request";
constexpr auto kBetween = std::chrono::minutes(1);  // two requests of one occupant

/// That an occupant has asked, and when.
struct Asked final : State {
  base::MonoTime at{};
};

xmpp::StanzaRef make_approval(const Occupant& visitor, const xmpp::Jid& session) {
  xml::Document message = xmpp::make_message(xmpp::Type::normal);
  xml::Element& x = xmpp::add_form(
      message.root(), xmpp::FormType::form, kRequest,
      {{.var = "muc#role",
        .type = FieldType::list_single,
        .values = {"participant"},
        .label = "Requested role",
        .options = {{"Participant", "participant"}}},
       {.var = "muc#jid", .type = FieldType::jid_single, .values = {std::string(session.str())}, .label = "User ID"},
       {.var = "muc#roomnick", .values = {visitor.nick}, .label = "Room Nickname"},
       {.var = "muc#request_allow",
        .type = FieldType::boolean,
        .values = {"0"},
        .label = "Grant voice to this person?"}});
  x.add_text_child("title", "Voice request");
  return xmpp::share(std::move(message));
}

// 7.13.
Refusal ask(Room& room, Occupant& visitor, const xmpp::Jid& session, OccupantSlot slot) {
  if (visitor.role != Role::visitor) return xmpp::StanzaError(Condition::unexpected_request, "you have voice");
  const base::MonoTime now = room.environment().router.loop().now();
  auto& state = Room::slot(visitor, slot);
  if (state != nullptr && now - static_cast<const Asked&>(*state).at < kBetween)
    return xmpp::StanzaError(Condition::resource_constraint, xmpp::ErrorType::wait, "you have just asked");
  auto asked = std::make_unique<Asked>();
  asked->at = now;
  state = std::move(asked);
  const xmpp::StanzaRef form = make_approval(visitor, session);
  for (const auto& [nick, occupant] : room.occupants()) {
    if (occupant->role != Role::moderator) continue;
    for (const Session& one : occupant->sessions) room.send(form, room.address(), one.jid);
  }
  return std::nullopt;
}

// 8.6.
Refusal approve(Room& room, const Occupant& moderator, const xmpp::DataForm& form) {
  if (moderator.role != Role::moderator) return xmpp::StanzaError(Condition::forbidden);
  const auto allowed = form.boolean("muc#request_allow");
  const auto nick = form.value("muc#roomnick");
  if (!allowed || !nick || !*nick) return xmpp::StanzaError(Condition::bad_request);
  if (!allowed->value_or(false)) return std::nullopt;
  Occupant* visitor = room.occupant(**nick);
  if (visitor == nullptr) return xmpp::StanzaError(Condition::item_not_found);
  // Another moderator may have been faster.
  if (visitor->role == Role::visitor) room.give_role(*visitor, Role::participant, {.actor = moderator.nick});
  return std::nullopt;
}

}  // namespace

void add_voice(const Environment& environment) {
  Points& points = environment.points;
  const auto open = points.fields.add<bool>({.var = "muc#roomconfig_allowvoicerequests",  // ejabberd's name
                                             .label = "Whether to Allow Visitors to Request Voice",
                                             .otherwise = true});
  const OccupantSlot slot = points.occupant_slot();
  environment.registry.feature(router::Target::room, kRequest);
  const auto judge = [=](Room& room, const router::Packet& packet, const xml::Element& x) -> Refusal {
    Occupant* sender = room.occupant_of(packet.from());
    if (sender == nullptr) return xmpp::StanzaError(Condition::not_acceptable);
    const auto form = xmpp::DataForm::parse(x);
    if (!form) return form.error();
    if (form->type() == xmpp::FormType::cancel) return std::nullopt;
    if (form->type() != xmpp::FormType::submit || form->form_type() != kRequest)
      return xmpp::StanzaError(Condition::bad_request);
    if (form->has("muc#request_allow")) return approve(room, *sender, *form);
    if (form->values("muc#role") != Texts{"participant"}) return xmpp::StanzaError(Condition::bad_request);
    if (!room.get(open)) return xmpp::StanzaError(Condition::forbidden);
    return ask(room, *sender, packet.from(), slot);
  };
  points.request.emplace_back([=](Room& room, const router::PacketRef& packet) {
    const xml::Element* x = packet->stanza().child(xmpp::ns::data_forms, "x");
    if (x == nullptr) return false;
    if (const Refusal refusal = judge(room, *packet, *x)) room.environment().router.bounce(*packet, *refusal);
    return true;
  });
}

}  // namespace muc
