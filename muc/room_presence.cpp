// What is told of an occupant, and to whom (XEP-0045 7.2.2 to 7.2.4, 17.3).
#include <algorithm>
#include <utility>

#include "muc/forged.h"
#include "muc/ns.h"
#include "muc/room.h"

namespace muc {
namespace {

/// 17.3: whatever a client wrote in the room's name is left out (SECURITY M04).
void copy_presence(const xmpp::Stanza& from, const xmpp::Jid& room, xml::Element& to) {
  if (!from.lang().empty()) to.set_attr("lang", from.lang(), xml::kXmlNamespace);
  for (const xml::Element& child : xml::children(from.root()))
    if (child.ns() != ns::muc && !is_the_rooms(child, room)) to.add_copy(child);
}

void add_cause(xml::Element& x, xml::Element& item, const Cause& cause) {
  if (!cause.actor.empty()) item.add("actor").set_attr("nick", cause.actor);
  if (!cause.reason.empty()) item.add_text_child("reason", cause.reason);
  for (const int code : cause.codes) x.add("status").set_attr("code", std::to_string(code));
}

}  // namespace

xmpp::StanzaRef Room::make_presence(const Occupant& occupant, const Shown& how) const {
  const Session* own = how.session != nullptr ? occupant.session(*how.session) : nullptr;
  const Session& session = own != nullptr ? *own : occupant.sessions.back();
  xml::Document document = xmpp::make_presence(how.gone ? xmpp::Type::unavailable : xmpp::Type::available);
  xml::Element& root = document.root();
  if (!how.gone) copy_presence(*session.presence, address_, root);
  if (how.last_words) copy_presence(*how.last_words, address_, root);
  if (own != nullptr && how.answers != nullptr && how.answers->from() == own->jid &&
      !how.answers->stanza().id().empty())
    root.set_attr("id", how.answers->stanza().id());
  xml::Element& x = root.add("x", ns::user);
  xml::Element& item = x.add("item");
  item.set_attr("affiliation", to_string(occupant.affiliation));
  item.set_attr("role", to_string(how.gone && how.new_nick.empty() ? Role::none : occupant.role));
  if (how.address) item.set_attr("jid", session.jid.str());
  if (!how.new_nick.empty()) item.set_attr("nick", how.new_nick);
  add_cause(x, item, how.cause);
  for (const auto& add : environment_.points.presence) add(*this, occupant, root, x);
  return xmpp::share(std::move(document));
}

const xmpp::StanzaRef& Room::presence_for(Occupant& occupant, bool address) const {
  xmpp::StanzaRef& made = address ? occupant.open : occupant.veiled;
  if (!made) made = make_presence(occupant, {.address = address})->serialised();
  return made;
}

bool Room::is_unseen(const Occupant& occupant) const {
  return std::ranges::any_of(environment_.points.unseen, [&](const auto& hides) { return hides(*this, occupant); });
}

void Room::tell_others(Occupant& occupant, const Shown& given) {
  // Who gets out of their sight leaves, for the others.
  Shown how = given;
  const bool unseen = is_unseen(occupant);
  if (unseen && !occupant.told) return;
  if (unseen && how.new_nick.empty()) how.gone = true;
  occupant.told = !how.gone;
  std::vector<xmpp::Jid> open_to, veiled_to;
  for (const auto& [nick, other] : occupants_) {
    if (other.get() == &occupant) continue;
    auto& list = sees_addresses(*other) ? open_to : veiled_to;
    for (const Session& session : other->sessions) list.push_back(session.jid);
  }
  const bool plain = how.cause.codes.empty() && how.cause.reason.empty() && how.cause.actor.empty() && !how.gone;
  const auto tell = [&](std::vector<xmpp::Jid> to, bool address) {
    if (to.empty()) return;
    Shown shown = how;
    shown.address = address;
    xmpp::StanzaRef stanza = plain ? presence_for(occupant, address) : make_presence(occupant, shown);
    outbox_.put([this, stanza = std::move(stanza), from = occupant.address,
                 audience = base::make_ref<const router::Audience>(environment_.router, std::move(to))]() mutable {
      environment_.router.post_to_all(std::move(stanza), from, std::move(audience), router::Origin::component);
    });
  };
  tell(std::move(open_to), true);
  tell(std::move(veiled_to), false);
}

void Room::tell_own(const Occupant& occupant, const Shown& how, const xmpp::Jid& session) {
  Shown own = how;
  own.address = sees_addresses(occupant);
  own.session = &session;
  own.cause.codes.insert(own.cause.codes.begin(), 110);
  send(make_presence(occupant, own), occupant.address, session);
}

void Room::broadcast(Occupant& occupant, const Shown& how) {
  tell_others(occupant, how);
  for (const Session& session : occupant.sessions) tell_own(occupant, how, session.jid);
}

void Room::broadcast_entry(Occupant& occupant, const router::Packet& presence, const std::vector<int>& codes) {
  tell_others(occupant, {});
  for (const Session& one : occupant.sessions) {
    const bool newcomer = one.jid == presence.from();
    tell_own(occupant, {.cause = {.codes = newcomer ? codes : std::vector<int>()}, .answers = &presence}, one.jid);
  }
}

void Room::show(Occupant& occupant, const Cause& cause) {
  occupant.open = occupant.veiled = {};
  broadcast(occupant, {.cause = cause});
}

}  // namespace muc
