// What is told of an occupant, and to whom (XEP-0045 7.2.2 to 7.2.4, 17.3).
#include <algorithm>
#include <utility>

#include "muc/forged.h"
#include "muc/ns.h"
#include "muc/room.h"

namespace muc {
namespace {

constexpr std::size_t kMostAdded = 50;  // who were shown an occupant one by one; more, and all are

/// What is told of a nickname that nobody has.
xmpp::StanzaRef nobody() {
  xml::Document presence = xmpp::make_presence(xmpp::Type::unavailable);
  xml::Element& x = presence.root().add("x", ns::user);
  x.add("item").set_attr("affiliation", "none").set_attr("role", "none");
  return xmpp::share(std::move(presence));
}

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
  const Points& points = environment_.points;
  for (const auto& add : points.presence) add(*this, occupant, root, x);
  if (how.own && !how.gone)
    for (const auto& add : points.own_presence) add(*this, occupant, session, x);
  for (std::size_t i = 0; i < points.asides.size(); ++i)
    if (const std::uint32_t kind = (how.asides >> (2 * i)) & 3U; kind != 0)
      points.asides[i].add(*this, static_cast<std::uint8_t>(kind), x);
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

bool Room::is_quiet(const Occupant& occupant) const {
  return std::ranges::any_of(environment_.points.quiet, [&](const auto& hides) { return hides(*this, occupant); });
}

std::uint32_t Room::asides_for(const Occupant& shown, const Occupant& viewer, const Session& session) const {
  const auto& asides = environment_.points.asides;
  std::uint32_t kinds = 0;
  for (std::size_t i = 0; i < asides.size(); ++i)
    kinds |= static_cast<std::uint32_t>(asides[i].kind(*this, shown, viewer, session)) << (2 * i);
  return kinds;
}

void Room::tell(Occupant& occupant, const Shown& how, To whom) {
  for (const auto& step : environment_.points.shown) step(*this, occupant, how.gone);
  struct Group {
    bool address;
    std::uint32_t asides;
    std::vector<xmpp::Jid> to;
  };
  std::vector<Group> groups;  // few: who is told the same
  for (const auto& [nick, other] : occupants_) {
    if (other.get() == &occupant) continue;
    const bool address = sees_addresses(*other);
    for (const Session& session : other->sessions) {
      if (whom != To::all && occupant.known.to(session.number) != (whom == To::who_know)) continue;
      const std::uint32_t asides = asides_for(occupant, *other, session);
      auto group = std::ranges::find_if(
          groups, [&](const Group& one) { return one.address == address && one.asides == asides; });
      if (group == groups.end()) group = groups.insert(groups.end(), {address, asides, {}});
      group->to.push_back(session.jid);
    }
  }
  const bool plain = how.cause.codes.empty() && how.cause.reason.empty() && how.cause.actor.empty() && !how.gone;
  for (Group& group : groups) {
    Shown shown = how;
    shown.address = group.address;
    shown.asides = group.asides;
    xmpp::StanzaRef stanza = plain && group.asides == 0 ? presence_for(occupant, group.address)
                                                        : make_presence(occupant, shown)->serialised();
    outbox_.put([this, stanza = std::move(stanza), from = occupant.address,
                 to = base::make_ref<const router::Audience>(environment_.router, std::move(group.to))]() mutable {
      environment_.router.post_to_all(std::move(stanza), from, std::move(to), router::Origin::component);
    });
  }
}

void Room::tell_others(Occupant& occupant, const Shown& given) {
  // Who gets out of their sight leaves, for the others.
  Shown how = given;
  const bool unseen = is_unseen(occupant);
  const bool renamed = !how.new_nick.empty();  // and about to be shown under the new one
  if (unseen && !renamed) how.gone = true;
  const bool to_all = !how.gone && !unseen && !is_quiet(occupant);
  if (!to_all && occupant.known.to_nobody()) return;
  tell(occupant, how, to_all ? To::all : To::who_know);
  if (to_all) occupant.known.tell_all();
  if (how.gone && !renamed) occupant.known.tell_nobody();
}

void Room::reveal(Occupant& occupant) {
  if (occupant.known.to_all() || is_unseen(occupant)) return;
  tell(occupant, {}, To::who_dont);
  occupant.known.tell_all();
}

void Room::reveal(Occupant& occupant, const Occupant& viewer) {
  if (&occupant == &viewer || is_unseen(occupant)) return;
  for (const Session& session : viewer.sessions) {
    if (occupant.known.to(session.number)) continue;
    send(presence_for(occupant, sees_addresses(viewer)), occupant.address, session.jid);
    occupant.known.add(session.number);
  }
  if (occupant.known.added() > kMostAdded) reveal(occupant);
}

// 17.3.
void Room::answer_probe(Occupant& asker, const router::PacketRef& packet) {
  if (packet->to().is_bare()) return;
  if (const Refusal refusal = arrived(asker, *packet)) return environment_.router.bounce(*packet, *refusal);
  Occupant* asked = occupant(packet->to().resource());
  if (asked == &asker) return tell_own(asker, {.answers = packet.get()}, packet->from());
  if (asked == nullptr || is_unseen(*asked)) return send(nobody(), packet->to(), packet->from());
  const Session& session = *asker.session(packet->from());
  send(presence_for(*asked, sees_addresses(asker)), asked->address, session.jid);
  asked->known.add(session.number);
  if (asked->known.added() > kMostAdded) reveal(*asked);
}

void Room::tell_own(const Occupant& occupant, const Shown& how, const xmpp::Jid& session) {
  Shown own = how;
  own.address = sees_addresses(occupant);
  own.session = &session;
  own.own = true;
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
