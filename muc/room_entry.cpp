// Coming and going (XEP-0045 7.2, 7.6, 7.7, 7.14).
#include <algorithm>
#include <utility>

#include "muc/lost.h"
#include "muc/ns.h"
#include "muc/room.h"
#include "muc/service.h"

namespace muc {

using xmpp::Condition;
using xmpp::Type;

namespace {

constexpr std::size_t kMoreAdmins = 20;  // sessions of admins and owners, in a room that is full

/// 7.2.18: who lost the room without noticing is told, instead of being taken for a newcomer.
xmpp::StanzaRef lost_you() {
  xml::Document presence = xmpp::make_presence(Type::unavailable);
  xml::Element& x = presence.root().add("x", ns::user);
  xml::Element& item = x.add("item").set_attr("affiliation", "none").set_attr("role", "none");
  item.add_text_child("reason", "You are not in the room.");
  for (const char* code : {"110", "307", "333"}) x.add("status").set_attr("code", code);
  return xmpp::share(std::move(presence));
}

}  // namespace

void Room::presence(const router::PacketRef& packet) {
  const xmpp::Stanza& stanza = packet->stanza();
  Occupant* occupant = occupant_of(packet->from());
  if (stanza.type() == Type::unavailable || stanza.type() == Type::error) {
    // 11.1: an error says that the session isn't there.
    const bool lost = stanza.type() == Type::error;
    if (lost && tells_of_lost_server(environment_.router, *packet)) return lose_server(packet->from().domain());
    if (occupant != nullptr)
      leave(*occupant, packet->from(), lost ? nullptr : packet->share(),
            {.codes = lost ? std::vector{333} : std::vector<int>()});
    return;
  }
  if (stanza.type() == Type::probe && occupant != nullptr) return answer_probe(*occupant, packet);
  if (stanza.type() != Type::available) return;  // 17.3
  const xml::Element* x = stanza.child(ns::muc, "x");
  if (packet->to().is_bare()) return refuse(*packet, Condition::jid_malformed);
  if (occupant == nullptr) {
    if (x != nullptr) return enter(packet, *x);
    return send(lost_you(), packet->to(), packet->from());
  }
  if (const Refusal refusal = arrived(*occupant, *packet)) return environment_.router.bounce(*packet, *refusal);
  if (packet->to().resource() != occupant->nick) return rename(*occupant, packet);
  for (Session& session : occupant->sessions)
    if (session.jid == packet->from()) session.presence = packet->stanza().compact();
  occupant->open = occupant->veiled = {};
  if (x == nullptr) return broadcast(*occupant, {.answers = packet.get()});
  // 7.2.1: it lost track; it gets everything as if it had just come.
  const Join again{.room = *this,
                   .presence = *packet,
                   .x = x,
                   .nick = occupant->nick,
                   .affiliation = occupant->affiliation,
                   .known = occupant,
                   .again = true};
  send_room_to(*occupant, again, packet->from(), false);
}

// With the element by which clients know that this is about a room (7.2.5 and others).
void Room::refuse(const router::Packet& presence, const xmpp::StanzaError& error) const {
  xml::Document answer = xml::Document::copy_of(xmpp::make_error(presence.stanza(), error)->root());
  answer.root().add("x", ns::muc);
  environment_.router.post(base::make_ref<const router::Packet>(
      xmpp::share(std::move(answer)), presence.to(), presence.from(), router::Origin::component, presence.ticket()));
}

Refusal Room::arrived(Occupant& occupant, const router::Packet& packet) {
  for (const auto& step : environment_.points.arrived) {
    if (Refusal refusal = step(*this, occupant, packet)) return refusal;
  }
  return std::nullopt;
}

void Room::enter(const router::PacketRef& packet, const xml::Element& x) {
  const router::Packet& presence = *packet;
  const bool created = sessions_.empty() && !persistent_ && places_.empty();
  if (created) {
    places_[std::string(presence.from().bare_str())] = {Affiliation::owner, {}, {}};
    for (const auto& made : environment_.points.created) made(*this);
  }
  Join join{*this, presence, &x, std::string(presence.to().resource()), affiliation(presence.from()), nullptr};
  const auto refuse = [&](const xmpp::StanzaError& error) { this->refuse(presence, error); };
  if (join.affiliation == Affiliation::outcast) return refuse(Condition::forbidden);
  if (!environment_.service.is_admin(address_.domain(), presence.from())) {
    if (join.affiliation == Affiliation::none) {
      for (const auto& step : environment_.points.newcomer) {
        if (const Refusal refusal = step(join)) return refuse(*refusal);
      }
    }
    if (!is_admitted(join.affiliation)) return refuse(Condition::registration_required);
    join.known = occupant(join.nick);
    for (const auto& step : environment_.points.join) {
      if (const Refusal refusal = step(join)) return refuse(*refusal);
    }
  }
  Occupant* present = holder(join.nick);
  if (present != nullptr && present->bare != presence.from().bare()) return refuse(Condition::conflict);
  join.known = present;
  if (present != nullptr) join.nick = present->nick;  // told by 210 if it was spelled otherwise
  // 7.2.9: nobody can keep those who run a room out of it by filling it.
  const std::size_t extra = join.affiliation >= Affiliation::admin ? kMoreAdmins : 0;
  if (sessions_.size() >= service().limits.room_occupants + extra)
    return refuse({Condition::service_unavailable, xmpp::ErrorType::wait});

  if (present == nullptr) {
    auto address = address_.with_resource(join.nick);
    if (!address) return refuse(Condition::jid_malformed);
    auto fresh = std::make_unique<Occupant>();
    fresh->nick = join.nick;
    fresh->address = *std::move(address);
    fresh->bare = presence.from().bare();
    fresh->affiliation = join.affiliation;
    fresh->role = role_for(join.affiliation);
    fresh->slots.resize(environment_.points.occupant_slots);
    present = fresh.get();
    occupants_.emplace(join.nick, std::move(fresh));
    index_nick(*present);
  }
  present->sessions.push_back({presence.from(), presence.stanza().compact(), ++last_session_});
  present->open = present->veiled = {};
  sessions_[presence.from()] = present;
  audience_ = {};
  send_room_to(*present, join, presence.from(), created);
}

// 7.1: everybody's presence, its own, then what behaviours send (history, subject).
void Room::send_room_to(Occupant& occupant, const Join& join, const xmpp::Jid& session, bool created) {
  const Points& points = environment_.points;
  for (const auto& step : points.entering) step(*this, occupant, join, session);
  const bool address = sees_addresses(occupant);
  const std::uint64_t number = occupant.session(session)->number;
  for (const auto& [nick, other] : occupants_) {
    if (other.get() == &occupant || is_unseen(*other)) continue;
    if (is_quiet(*other)) {
      if (!join.again) other->known.end_at(number);
      if (!other->known.to(number)) continue;
    }
    const auto knows = [&, &one = *other](const auto& remembers) { return remembers(*this, join, one); };
    if (std::ranges::any_of(points.remembered, knows)) continue;
    send(presence_for(*other, address), other->address, session);
  }
  std::vector<int> codes;
  for (const auto& add : points.notices) add(*this, codes);
  if (created) codes.push_back(201);
  if (join.nick != join.presence.to().resource()) codes.push_back(210);
  // The codes are for the newcomer alone.
  broadcast_entry(occupant, join.presence, codes);
  for (const auto& step : points.entered) step(*this, occupant, join, session);
}

void Room::rename(Occupant& occupant, const router::PacketRef& packet) {
  const auto refuse = [&](const xmpp::StanzaError& error) { this->refuse(*packet, error); };
  Join join{*this, *packet, nullptr, std::string(packet->to().resource()), occupant.affiliation, &occupant};
  for (const auto& step : environment_.points.rename) {
    if (const Refusal refusal = step(join)) return refuse(*refusal);
  }
  if (holder(join.nick, &occupant) != nullptr) return refuse(Condition::conflict);
  auto address = address_.with_resource(join.nick);
  if (!address) return refuse(Condition::jid_malformed);
  // 7.6: unavailable under the old name, then available under the new one.
  broadcast(occupant, {.cause = {.codes = {303}}, .new_nick = join.nick, .gone = true});
  unindex_nick(occupant);
  auto node = occupants_.extract(occupant.nick);
  node.key() = occupant.nick = join.nick;
  occupants_.insert(std::move(node));
  index_nick(occupant);
  occupant.address = *std::move(address);
  for (Session& session : occupant.sessions)
    if (session.jid == packet->from()) session.presence = packet->stanza().compact();
  occupant.open = occupant.veiled = {};
  broadcast(occupant, {.cause = {.codes = join.nick != packet->to().resource() ? std::vector{210} : std::vector<int>()},
                       .answers = packet.get()});
}

void Room::leave(Occupant& occupant, const xmpp::Jid& session, xmpp::StanzaRef presence, const Cause& cause) {
  if (occupant.sessions.size() == 1) {
    broadcast(occupant, {.cause = cause, .gone = true, .last_words = std::move(presence)});
    return drop(occupant);
  }
  Shown shown{.address = sees_addresses(occupant), .session = &session, .cause = cause, .gone = true};
  shown.last_words = std::move(presence);
  shown.cause.codes.insert(shown.cause.codes.begin(), 110);
  send(make_presence(occupant, shown), occupant.address, session);
  const bool was_shown = occupant.sessions.back().jid == session;
  std::erase_if(occupant.sessions, [&](const Session& one) { return one.jid == session; });
  sessions_.erase(session);
  audience_ = {};
  if (was_shown) show(occupant);
}

void Room::lose(const xmpp::Jid& session) {
  if (Occupant* occupant = occupant_of(session)) leave(*occupant, session, {}, {.codes = {333}});
}

// All are out before the first is told of: what is sent to a server that can't be reached comes back from it, for each
// that has left once for each that hasn't.
void Room::lose_server(std::string_view domain) {
  std::vector<std::unique_ptr<Occupant>> gone;
  for (auto next = occupants_.begin(); next != occupants_.end();) {
    if (next->second->bare.domain() != domain) {
      ++next;
      continue;
    }
    gone.push_back(std::move(next->second));
    next = occupants_.erase(next);
    unindex_nick(*gone.back());
    for (const Session& session : gone.back()->sessions) sessions_.erase(session.jid);
  }
  if (gone.empty()) return;
  audience_ = {};
  for (const auto& occupant : gone) tell_others(*occupant, {.cause = {.codes = {333}}, .gone = true});
  for (const auto& occupant : gone)
    for (const auto& told : environment_.points.left) told(*this, *occupant);
}

void Room::remove(Occupant& occupant, const Cause& cause) {
  broadcast(occupant, {.cause = cause, .gone = true});
  drop(occupant);
}

void Room::drop(Occupant& occupant) {
  for (const Session& session : occupant.sessions) sessions_.erase(session.jid);
  audience_ = {};
  unindex_nick(occupant);
  const auto node = occupants_.extract(occupant.nick);
  for (const auto& told : environment_.points.left) told(*this, *node.mapped());
}

}  // namespace muc
