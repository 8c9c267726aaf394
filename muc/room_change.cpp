// What changes for good: values, places, and the room's end. Durable first, then told (ARCHITECTURE 3.7); what can't be
// kept is taken back.
#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/log.h"
#include "muc/ns.h"
#include "muc/room.h"
#include "muc/service.h"
#include "store/unit.h"

namespace muc {

// ---- a change ----

void Room::change(base::Fn<void()> changes, store::Writer::Done done) {
  begin_change();
  changes();
  add_row(*change_->rows);
  write_change(std::move(done));
}

void Room::destroy(xml::Document x, store::Writer::Done done) {
  begin_change();
  ending_ = true;
  // Or what it said before it was configured.
  if (stored_ || last_archive_id_ >= archive_from_) change_->rows->add(store::RoomDelete{std::string(address_.str())});
  then([this, x = std::make_unique<xml::Document>(std::move(x))] { close(*x); });
  write_change(std::move(done));
}

void Room::begin_change() {
  base::check(change_ == nullptr, "what comes in during a change waits (Service::receive)");
  change_ = std::make_unique<Change>(Change{.values = values_,
                                            .persistent = persistent_,
                                            .places_stored = places_stored_,
                                            .is_new = new_,
                                            .rows = base::make_ref<store::Unit>()});
}

void Room::write_change(store::Writer::Done done) {
  write(std::exchange(change_->rows, {}), [service = &environment_.service, room = address_, number = number_,
                                           done = std::move(done)](const base::Result<void>& written) mutable {
    if (Room* self = service->room(room, number)) self->finish_change(written.has_value());
    if (done) {
      done(written);
    } else if (!written) {
      base::log::error("room_not_kept", {{"room", room.str()}, {"why", written.error().what}});
    }
    service->resume(room);
  });
}

void Room::then(base::Fn<void()> follows) {
  if (change_ == nullptr) return follows();
  change_->follows.push_back(std::move(follows));
}

void Room::finish_change(bool durable) {
  const std::unique_ptr<Change> change = std::exchange(change_, nullptr);
  if (!durable) return take_back(*change);
  for (auto& follows : change->follows) follows();
}

void Room::take_back(Change& change) {
  ending_ = false;
  values_ = std::move(change.values);
  persistent_ = change.persistent;
  places_stored_ = change.places_stored;
  new_ = change.is_new;
  std::ranges::reverse(change.places);
  for (auto& [who, place] : change.places) {
    if (place) {
      places_[who] = *std::move(place);
    } else {
      places_.erase(who);
    }
  }
  for (const auto& step : environment_.points.taken_back) step(*this);
  std::vector<Occupant*> touched;  // who came in by it (XEP-0488)
  for (const auto& [nick, occupant] : occupants_) {
    occupant->open = occupant->veiled = {};
    if (affiliation(occupant->bare) != occupant->affiliation) touched.push_back(occupant.get());
  }
  for (Occupant* occupant : touched) adjust(*occupant, {});
}

// ---- values ----

void Room::configure(std::vector<Value> values) {
  new_ = false;
  std::vector<Value> before = std::exchange(values_, std::move(values));
  for (const auto& step : environment_.points.configuring) step(*this, before);
  then([this, before = std::move(before)] { configured(before); });
}

void Room::configured(const std::vector<Value>& before) {
  std::vector<int> codes;
  for (const auto& told : environment_.points.configured) told(*this, before, codes);
  if (codes.empty() && before != values_) codes.push_back(104);
  for (const auto& [nick, occupant] : occupants_) occupant->open = occupant->veiled = {};
  notify(codes);
  std::vector<Occupant*> out;
  for (const auto& [nick, occupant] : occupants_) {
    if (!is_admitted(occupant->affiliation)) out.push_back(occupant.get());
  }
  for (Occupant* occupant : out) remove(*occupant, {.codes = {322}});
}

// ---- lasting places ----

void Room::remember_place(std::string_view who) {
  if (change_ == nullptr) return;
  const auto found = places_.find(who);
  change_->places.emplace_back(std::string(who),
                               found == places_.end() ? std::nullopt : std::optional<Lasting>(found->second));
}

void Room::place(const xmpp::Jid& who, Lasting place, const Cause& cause) {
  const Affiliation before = affiliation(who);
  auto unit = base::make_ref<store::Unit>();
  const auto found = places_.find(who.str());
  const Lasting earlier = found == places_.end() ? Lasting() : found->second;
  remember_place(who.str());
  // What is known of an address now replaces what was known of its occupant id.
  const std::string by_id = id_key(who);
  if (const auto banned = places_.find(by_id); banned != places_.end()) {
    remember_place(by_id);
    const Lasting was = std::move(banned->second);
    places_.erase(banned);
    unit->add(store::RoomAffiliationDelete{std::string(address_.str()), by_id});
    for (const auto& step : environment_.points.placed) step(*this, xmpp::Jid::from_prepared(by_id), was, *unit);
  }
  if (place.affiliation == Affiliation::none && place.nick.empty()) {
    places_.erase(std::string(who.str()));
    unit->add(store::RoomAffiliationDelete{std::string(address_.str()), std::string(who.str())});
  } else {
    unit->add(row(who.str(), place));
    places_[std::string(who.str())] = std::move(place);
  }
  for (const auto& step : environment_.points.placed) step(*this, who, earlier, *unit);
  if (places_stored_) write(std::move(unit));
  then([this, who, before, cause] { place_changed(who, before, cause); });
}

/// Whether somebody's affiliation may follow from this place.
bool Room::concerns(const xmpp::Jid& who, const Occupant& occupant) const {
  if (who.str().starts_with(kById))
    return who.str().substr(kById.size()) == environment_.points.occupant_id(*this, occupant.bare);
  return occupant.bare == who || (who.is_domain() && occupant.bare.domain() == who.domain());
}

void Room::place_changed(const xmpp::Jid& who, Affiliation before, const Cause& cause) {
  for (const auto& step : environment_.points.telling) step(*this, who);
  std::vector<Occupant*> touched;
  for (const auto& [nick, occupant] : occupants_) {
    if (concerns(who, *occupant) && affiliation(occupant->bare) != occupant->affiliation)
      touched.push_back(occupant.get());
  }
  for (Occupant* occupant : touched) adjust(*occupant, cause);
  for (const auto& told : environment_.points.standing) told(*this, who, before, affiliation(who));
}

/// To what the places say.
void Room::adjust(Occupant& occupant, Cause cause) {
  occupant.affiliation = affiliation(occupant.bare);
  if (occupant.affiliation == Affiliation::outcast) {
    cause.codes.push_back(301);
    return remove(occupant, cause);
  }
  if (!is_admitted(occupant.affiliation)) {
    cause.codes.push_back(321);
    return remove(occupant, cause);
  }
  // 5.1.3: what is gained with an affiliation goes with it.
  occupant.role = role_for(occupant.affiliation);
  show(occupant, cause);
}

// ---- the end ----

void Room::close(const xml::Document& x) {
  dismiss(x);
  stored_ = false;
  over_ = true;
}

void Room::shut_down() {
  xml::Document x(ns::user, "x");
  x.root().add("item").set_attr("affiliation", "none").set_attr("role", "none");
  for (const char* code : {"110", "332"}) x.root().add("status").set_attr("code", code);
  dismiss(x);
}

/// Everybody is told of the own end only.
void Room::dismiss(const xml::Document& x) {
  for (const auto& [nick, occupant] : occupants_) {
    xml::Document presence = xmpp::make_presence(xmpp::Type::unavailable);
    presence.root().add_copy(x.root());
    const xmpp::StanzaRef last = xmpp::share(std::move(presence));
    for (const Session& session : occupant->sessions) send(last, occupant->address, session.jid);
  }
  folded_.clear();
  seen_.clear();
  occupants_.clear();
  sessions_.clear();
  audience_ = {};
}

}  // namespace muc
