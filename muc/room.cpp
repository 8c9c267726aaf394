#include "muc/room.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "muc/ns.h"
#include "muc/service.h"
#include "store/unit.h"
#include "xmpp/nickname.h"

namespace muc {

using xmpp::Condition;

Room::Room(const Environment& environment, xmpp::Jid address, const router::RoomService& service,
           std::int64_t last_archive_id)
    : environment_(environment),
      address_(std::move(address)),
      values_(environment.points.fields.defaults(service)),
      created_(environment.router.loop().wall()),
      archive_from_(last_archive_id + 1),
      last_archive_id_(last_archive_id),
      number_(environment.service.next_number()),
      new_(true) {
  init();
}

Room::Room(const Environment& environment, const store::StoredRoom& stored, const router::RoomService& service,
           std::int64_t last_archive_id)
    : environment_(environment),
      address_(xmpp::Jid::from_prepared(stored.room.room)),
      values_(environment.points.fields.from_text(stored.room.settings, environment.points.fields.defaults(service))),
      subject_(stored.room.subject),
      created_(stored.room.created),
      archive_from_(stored.room.archive_from),
      last_archive_id_(last_archive_id),
      number_(environment.service.next_number()),
      persistent_(true) {
  init();
  stored_ = places_stored_ = true;
  for (const store::RoomAffiliation& item : stored.affiliations) {
    const auto affiliation = static_cast<Affiliation>(std::min<std::uint8_t>(item.affiliation, 4));
    places_[item.jid] = {.affiliation = affiliation, .nick = item.nick, .reason = item.reason};
  }
  for (const auto& step : environment.points.restored) step(*this, stored);
}

void Room::init() { slots_.resize(environment_.points.room_slots); }

const router::RoomService& Room::service() const { return environment_.service.settings(address_.domain()); }

void Room::save() {
  auto unit = base::make_ref<store::Unit>();
  add_row(*unit);
  write(std::move(unit));
}

void Room::persist(bool yes) {
  if (std::exchange(persistent_, yes) || !yes) return;
  places_stored_ = true;
  auto unit = base::make_ref<store::Unit>();
  for (const auto& [who, place] : places_) unit->add(row(who, place));
  for (const auto& step : environment_.points.persisted) step(*this, *unit);
  write(std::move(unit));
}

void Room::forget() {
  // Or what it said before it was configured.
  if (!std::exchange(stored_, false) && last_archive_id_ < archive_from_) return;
  auto unit = base::make_ref<store::Unit>();
  unit->add(store::RoomDelete{std::string(address_.str())});
  write(std::move(unit));
}

store::RoomAffiliationPut Room::row(std::string_view who, const Lasting& place) const {
  return {std::string(address_.str()),
          {.jid = std::string(who),
           .affiliation = static_cast<std::uint8_t>(place.affiliation),
           .nick = place.nick,
           .reason = place.reason}};
}

void Room::write(store::UnitRef rows, store::Writer::Done done) const {
  if (is_gathering() && !done) {
    for (const store::Row& row : rows->rows()) change_->rows->add(row);
    return;
  }
  environment_.store.write(std::move(rows), environment_.router.loop(),
                           [done = std::move(done), room = address_](const base::Result<void>& result) mutable {
                             if (done) return done(result);
                             if (!result)
                               base::log::error("room_not_kept", {{"room", room.str()}, {"why", result.error().what}});
                           });
}

void Room::add_row(store::Unit& unit) {
  if (new_ || over_ || ending_) return;
  stored_ = true;
  const auto& list = environment_.points.listing;
  const Points::Listing listing = list ? list(*this) : Points::Listing();
  unit.add(store::RoomPut{{.room = std::string(address_.str()),
                           .service = std::string(address_.domain()),
                           .created = created_,
                           .name = listing.name,
                           .listed = listing.listed,
                           .temporary = !persistent_,
                           .settings = environment_.points.fields.to_text(values_),
                           .subject = subject_,
                           .archive_from = archive_from_}});
}

// ---- lasting places ----

const Lasting* Room::lasting(const xmpp::Jid& who) const {
  const auto find = [&](std::string_view key) {
    const auto found = places_.find(key);
    return found == places_.end() ? nullptr : &found->second;
  };
  // Who only waits to be registered (9.9) has no place yet.
  if (const Lasting* own = find(who.bare_str()); own != nullptr && own->affiliation != Affiliation::none) return own;
  const Lasting* of_domain = find(who.domain());
  // Who knows somebody only by an occupant id doesn't know whether it is an admin.
  if (of_domain != nullptr && of_domain->affiliation >= Affiliation::admin) return of_domain;
  const Lasting* by_id = find(id_key(who));
  return by_id != nullptr ? by_id : of_domain;
}

std::string Room::id_key(const xmpp::Jid& who) const {
  const auto first = places_.lower_bound(kById);
  if (who.local().empty() || first == places_.end() || !first->first.starts_with(kById)) return {};
  return std::string(kById) + environment_.points.occupant_id(*this, who.bare());
}

Affiliation Room::affiliation(const xmpp::Jid& who) const {
  if (environment_.service.is_admin(address_.domain(), who)) return Affiliation::owner;
  const Lasting* known = lasting(who);
  return known == nullptr ? Affiliation::none : known->affiliation;
}

Role Room::role_for(Affiliation affiliation) const {
  const auto& moderated = environment_.points.moderated;
  return default_role(affiliation, moderated && moderated(*this));
}

// ---- who is in it ----

Occupant* Room::occupant(std::string_view nick) const {
  const auto found = occupants_.find(nick);
  return found == occupants_.end() ? nullptr : found->second.get();
}

Occupant* Room::occupant_of(const xmpp::Jid& session) const {
  const auto found = sessions_.find(session);
  return found == sessions_.end() ? nullptr : found->second;
}

std::vector<Occupant*> Room::occupants_of(const xmpp::Jid& bare) const {
  std::vector<Occupant*> all;
  for (const auto& [nick, occupant] : occupants_)
    if (occupant->bare == bare) all.push_back(occupant.get());
  return all;
}

Occupant* Room::holder(std::string_view nick, const Occupant* besides) const {
  const xmpp::NicknameKeys keys = xmpp::nickname_keys(nick);
  for (const auto& [index, key] : {std::pair(&folded_, &keys.folded), std::pair(&seen_, &keys.seen)}) {
    const auto found = index->find(*key);
    if (found != index->end() && found->second != besides) return found->second;
  }
  return nullptr;
}

void Room::index_nick(Occupant& occupant) {
  const xmpp::NicknameKeys keys = xmpp::nickname_keys(occupant.nick);
  folded_[keys.folded] = seen_[keys.seen] = &occupant;
}

void Room::unindex_nick(const Occupant& occupant) {
  const xmpp::NicknameKeys keys = xmpp::nickname_keys(occupant.nick);
  folded_.erase(keys.folded);
  seen_.erase(keys.seen);
}

bool Room::is_admitted(Affiliation affiliation) const {
  return affiliation == Affiliation::owner || std::ranges::all_of(environment_.points.admits, [&](const auto& admits) {
           return admits(*this, affiliation);
         });
}

bool Room::sees_addresses(const Occupant& viewer) const {
  const auto& sees = environment_.points.sees_addresses;
  return sees ? sees(*this, viewer) : viewer.role == Role::moderator;
}

bool Room::shows_addresses_to_members() const {
  Occupant member;
  member.affiliation = Affiliation::member;
  member.role = Role::participant;
  return sees_addresses(member);
}

void Room::give_role(Occupant& occupant, Role role, const Cause& cause) {
  if (role == Role::none) {
    Cause kicked = cause;
    kicked.codes.push_back(307);
    return remove(occupant, kicked);
  }
  occupant.role = role;
  show(occupant, cause);
}

// ---- what goes out ----

void Room::send(xmpp::StanzaRef stanza, const xmpp::Jid& from, const xmpp::Jid& to) {
  outbox_.put([this, packet = base::make_ref<const router::Packet>(std::move(stanza), from, to,
                                                                   router::Origin::component)]() mutable {
    environment_.router.post(std::move(packet));
  });
}

router::AudienceRef Room::audience() {
  if (!audience_) {
    std::vector<xmpp::Jid> all;
    all.reserve(sessions_.size());
    for (const auto& [jid, occupant] : sessions_) all.push_back(jid);
    audience_ = base::make_ref<const router::Audience>(environment_.router, std::move(all));
  }
  return audience_;
}

void Room::send_to_all(xmpp::StanzaRef stanza, const xmpp::Jid& from, base::Ref<base::Held> ticket) {
  if (sessions_.empty()) return;
  outbox_.put([this, stanza = std::move(stanza), from, to = audience(), ticket = std::move(ticket)]() mutable {
    environment_.router.post_to_all(std::move(stanza), from, std::move(to), router::Origin::component,
                                    std::move(ticket));
  });
}

void Room::notify(const std::vector<int>& codes) {
  if (codes.empty()) return;
  xml::Document message = xmpp::make_message(xmpp::Type::groupchat);
  xml::Element& x = message.root().add("x", ns::user);
  for (const int code : codes) x.add("status").set_attr("code", std::to_string(code));
  send_to_all(xmpp::share(std::move(message)), address_);
}

}  // namespace muc
