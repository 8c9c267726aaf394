#include "muc/approval.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include "muc/last_times.h"
#include "muc/ns.h"
#include "xmpp/ns.h"

namespace muc {
namespace {

using xmpp::Condition;
using xmpp::FieldType;
using Taken = std::function<bool(Room&, const std::string& nick, const xmpp::Jid& who)>;

constexpr std::string_view kNick = "muc#register_roomnick", kAllow = "muc#register_allow";
constexpr std::string_view kJid = "muc#jid";        // as the form for voice has it (8.6)
constexpr std::size_t kMost = 100;                  // that wait in a room
constexpr auto kBetween = std::chrono::minutes(1);  // two requests of one person

struct Asked final : State {
  LastTimes times;
};

bool waits(const Lasting& place) { return place.affiliation == Affiliation::none && !place.nick.empty(); }

xmpp::StanzaRef make_form(std::string_view bare, const std::string& nick) {
  xml::Document message = xmpp::make_message(xmpp::Type::normal);
  xml::Element& x = xmpp::add_form(
      message.root(), xmpp::FormType::form, ns::registration,
      {{.var = std::string(kJid), .type = FieldType::jid_single, .values = {std::string(bare)}, .label = "User ID"},
       {.var = std::string(kNick), .values = {nick}, .label = "Desired Nickname"},
       {.var = std::string(kAllow),
        .type = FieldType::boolean,
        .values = {"0"},
        .label = "Allow this person to register with the room?"}});
  x.add_text_child("title", "Registration request");
  return xmpp::share(std::move(message));
}

/// Whom an answer is about, by address or by nickname; another nickname than the form had is another request.
std::optional<std::string> find(const Room& room, const std::optional<xmpp::Jid>& who,
                                const std::optional<std::string>& nick) {
  const auto fits = [&](const auto& one) {
    return waits(one.second) && (!who || one.first == who->bare_str()) && (!nick || one.second.nick == *nick);
  };
  const auto found = std::ranges::find_if(room.places(), fits);
  if ((!who && !nick) || found == room.places().end()) return std::nullopt;
  return found->first;
}

Refusal decide(Room& room, const router::PacketRef& packet, const xmpp::DataForm& form, const Taken& taken) {
  const xmpp::Jid& admin = packet->from();
  if (room.affiliation(admin) < Affiliation::admin) return xmpp::StanzaError(Condition::forbidden);
  if (form.type() == xmpp::FormType::cancel) return std::nullopt;  // it waits on
  const auto allowed = form.boolean(kAllow);
  const auto nick = form.value(kNick);
  const auto jid = form.jid(kJid);
  if (form.type() != xmpp::FormType::submit || !allowed || !*allowed || !nick || !jid)
    return xmpp::StanzaError(Condition::bad_request);
  const auto key = find(room, *jid, *nick);
  // Another admin may have been faster, or it was withdrawn.
  if (!key) return xmpp::StanzaError(Condition::item_not_found);
  const xmpp::Jid who = xmpp::Jid::from_prepared(*key);
  Lasting place = room.places().find(*key)->second;
  if (**allowed && taken(room, place.nick, who)) return xmpp::StanzaError(Condition::conflict);
  if (!**allowed) place.nick.clear();
  if (**allowed) place.affiliation = Affiliation::member;
  const Occupant* actor = room.occupant_of(admin);
  const Cause cause{.actor = actor == nullptr ? std::string() : actor->nick};
  room.change([&] { room.place(who, std::move(place), cause); },
              [router = &room.environment().router, packet](const base::Result<void>& done) {
                if (!done) router->bounce(*packet, {Condition::internal_server_error, xmpp::ErrorType::wait});
              });
  return std::nullopt;
}

}  // namespace

Approval::Approval(const Environment& environment, Taken taken)
    : wanted_(environment.points.fields.add<bool>(
          {.var = "exedra#roomconfig_approve_registration", .label = "Whether Admins Have to Approve Registrations"})),
      slot_(environment.points.room_slot()) {
  environment.points.entered.emplace_back(
      [](Room& room, const Occupant& occupant, const Join&, const xmpp::Jid& session) {
        if (occupant.affiliation < Affiliation::admin) return;
        for (const auto& [who, place] : room.places())
          if (waits(place)) room.send(make_form(who, place.nick), room.address(), session);
      });
  environment.points.request.emplace_back([taken = std::move(taken)](Room& room, const router::PacketRef& packet) {
    const xml::Element* x = packet->stanza().child(xmpp::ns::data_forms, "x");
    if (x == nullptr) return false;
    const auto form = xmpp::DataForm::parse(*x);
    if (!form || form->form_type() != ns::registration) return false;
    if (const Refusal refusal = decide(room, packet, *form, taken)) room.environment().router.bounce(*packet, *refusal);
    return true;
  });
}

Refusal Approval::judge(Room& room, const xmpp::Jid& bare) const {
  auto& state = room.slot(slot_);
  if (state == nullptr) state = std::make_unique<Asked>();
  LastTimes& times = static_cast<Asked&>(*state).times;
  const base::MonoTime now = room.environment().router.loop().now();
  if (times.left(bare, kBetween, now) > base::Duration::zero())
    return xmpp::StanzaError(Condition::resource_constraint, xmpp::ErrorType::wait, "you have just asked");
  times.note(bare, kBetween, now);
  const auto number = std::ranges::count_if(room.places(), [](const auto& one) { return waits(one.second); });
  if (!room.places().contains(bare.str()) && static_cast<std::size_t>(number) >= kMost)
    return xmpp::StanzaError(Condition::resource_constraint, xmpp::ErrorType::wait, "too many wait already");
  return std::nullopt;
}

void Approval::ask(Room& room, const xmpp::Jid& bare, const std::string& nick) const {
  const xmpp::StanzaRef form = make_form(bare.str(), nick);
  for (const auto& [name, occupant] : room.occupants()) {
    if (occupant->affiliation < Affiliation::admin) continue;
    for (const Session& one : occupant->sessions) room.send(form, room.address(), one.jid);
  }
}

}  // namespace muc
