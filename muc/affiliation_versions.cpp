#include "muc/affiliation_versions.h"

#include <algorithm>
#include <charconv>
#include <deque>
#include <iterator>
#include <memory>
#include <unordered_set>
#include <utility>
#include <vector>

#include "muc/ns.h"
#include "muc/room.h"
#include "muc/whom.h"
#include "store/unit.h"
#include "xmpp/ns.h"

namespace muc {
namespace {

constexpr router::Xep kXep{463, "0.2.0", "MUC Affiliations Versioning"};
constexpr std::string_view kNs = "urn:xmpp:muc:affiliations:1";
constexpr std::size_t kMarkBytes = 6;
constexpr std::size_t kItemsEach = 500;  // of one message

bool is_in(View view, const store::RoomChange& change) { return view == View::all || change.open; }

char letter(View view) { return view == View::all ? 'a' : 'm'; }

/// A change that those inside are being told.
struct Telling {
  struct Versions {
    std::string since, until;
  };
  xmpp::Jid who;
  bool open = false;
  Versions all, members;                   // of each view
  std::unordered_set<std::uint64_t> told;  // sessions

  const Versions& of(View view) const { return view == View::all ? all : members; }
};

struct Versions final : State {
  explicit Versions(ChangeLog given) : log(std::move(given)) {}
  ChangeLog log;
  std::deque<Telling> untold;  // of changes that are not durable yet, or come behind the one that is being told
  std::optional<Telling> telling;
};

/// As the lists that may be asked for (XEP-0045 9.5, 9.8): admins see all, members those of members and above where
/// addresses are no secret.
View view_of(const Room& room, Affiliation affiliation) {
  if (affiliation == Affiliation::owner) return View::all;
  if (!room.shows_addresses_to_members()) return View::none;  // admins don't see all lists then (XEP-0045 10.5, 10.8)
  if (affiliation == Affiliation::admin) return View::all;
  return affiliation == Affiliation::member ? View::members : View::none;
}

void add_mav(xml::Element& x, std::string_view since, std::string_view until) {
  xml::Element& mav = x.add("mav", kNs);
  if (!since.empty()) mav.set_attr("since", since);
  if (!until.empty()) mav.set_attr("until", until);
}

void add_item(xml::Element& x, View view, std::string_view who, const Lasting& place) {
  const bool hidden = view == View::members && place.affiliation == Affiliation::outcast;
  const Affiliation told = hidden ? Affiliation::none : place.affiliation;
  xml::Element& item = x.add("item");
  add_whom(item, who);
  item.set_attr("affiliation", to_string(told));
  // Who waits to be registered has a nickname in mind, and no place.
  if (told == Affiliation::none) return;
  if (!place.nick.empty()) item.set_attr("nick", place.nick);
  if (!place.reason.empty()) item.add_text_child("reason", place.reason);
}

using Items = std::vector<std::pair<std::string_view, Lasting>>;

/// One per shard; copied into the steps.
class Versioning {
 public:
  explicit Versioning(const Environment& environment)
      : random_(environment.random), slot_(environment.points.room_slot()), bit_(environment.points.session_bit()) {}

  void start(Room& room) const {
    Versions& versions = reset(room, 0);
    // Whoever made it owns it.
    for (const auto& [who, place] : room.places())
      versions.log.add({.number = 0, .jid = who, .mark = mark(), .open = true, .places = places_of(room)});
  }

  void restore(Room& room, const store::StoredRoom& stored) const {
    const auto& changes = stored.changes;
    if (changes.empty()) {
      reset(room, 0);
      return;
    }
    // An account that was removed took its places along without a change, and a write may have failed: what clients
    // have is worth nothing then.
    const bool whole = changes.back().number - changes.front().number + 1 == std::ssize(changes);
    if (!whole || changes.back().places != places_of(room)) {
      reset(room, changes.back().number);
      return;
    }
    Versions& versions = reset(room, changes.front().number - 1);
    for (const store::RoomChange& change : changes) versions.log.restore(change);
  }

  void persist(Room& room, store::Unit& unit) const {
    for (const store::RoomChange& change : of(room).log.changes())
      unit.add(store::RoomChangePut{std::string(room.address().str()), change});
  }

  // ---- a change ----

  void place(Room& room, const xmpp::Jid& who, const Lasting& before, store::Unit& unit) const {
    const auto found = room.places().find(who.str());
    const Lasting now = found == room.places().end() ? Lasting() : found->second;
    if (now.affiliation == before.affiliation && now.nick == before.nick && now.reason == before.reason) return;
    const bool open = now.affiliation > Affiliation::none || before.affiliation > Affiliation::none;
    Versions& versions = of(room);
    const store::RoomChange& change =
        versions.log.add({.jid = std::string(who.str()), .mark = mark(), .open = open, .places = places_of(room)});
    unit.add(store::RoomChangePut{std::string(room.address().str()), change});
    const auto of_view = [&](View view) {
      return Telling::Versions{versions.log.version(view, true), versions.log.version(view)};
    };
    versions.untold.push_back(
        {.who = who, .open = open, .all = of_view(View::all), .members = of_view(View::members), .told = {}});
  }

  /// This one's turn has come. What came before it and is told to nobody was the same person's, by occupant id.
  void begin(Room& room, const xmpp::Jid& who) const {
    Versions& versions = of(room);
    const auto found = std::ranges::find(versions.untold, who, &Telling::who);
    if (found == versions.untold.end()) return;
    versions.telling = std::move(*found);
    versions.untold.erase(versions.untold.begin(), std::next(found));
  }

  /// Nobody has heard of it; clients that come back are told everything.
  void take_back(Room& room) const {
    Versions& versions = of(room);
    if (!versions.untold.empty()) reset(room, versions.log.changes().back().number);
  }

  /// Who hasn't heard of it with somebody's presence is sent a message, if it wants to know (XEP-0463 5.2.2).
  void finish(Room& room, const xmpp::Jid& who) const {
    Versions& versions = of(room);
    if (!versions.telling) return;
    for (const View view : {View::members, View::all}) {
      if (view == View::members && !versions.telling->open) continue;
      const xmpp::StanzaRef message = make_message(room, *versions.telling, view, who);
      for (const auto& [nick, occupant] : room.occupants()) {
        if (view_of(room, occupant->affiliation) != view) continue;
        for (const Session& session : occupant->sessions)
          if ((session.asked_for & bit_) != 0 && !versions.telling->told.contains(session.number))
            room.send(message, room.address(), session.jid);
      }
    }
    versions.telling.reset();
  }

  /// Whether this presence tells a viewer of the change: the first of the person's that it gets. A domain's is no
  /// person's.
  View carries(const Room& room, const Occupant& shown, const Occupant& viewer, const Session& session) const {
    Versions* versions = in(room);
    if (versions == nullptr || !versions->telling || versions->telling->who != shown.bare) return View::none;
    const View view = view_of(room, viewer.affiliation);
    if (view == View::none || (view == View::members && !versions->telling->open)) return View::none;
    return versions->telling->told.insert(session.number).second ? view : View::none;
  }

  void add_change(const Room& room, View view, xml::Element& x) const {
    const Telling::Versions& versions = in(room)->telling->of(view);
    add_mav(x, versions.since, versions.until);
  }

  void add_own(const Room& room, const Occupant& occupant, const Session& session, xml::Element& x) const {
    const Versions* versions = in(room);
    const View view = view_of(room, occupant.affiliation);
    if (versions == nullptr || view == View::none) return;
    if (carries(room, occupant, occupant, session) != View::none) return add_change(room, view, x);
    // What it has not been told of yet comes later, in a message.
    const Telling* next = versions->telling           ? &*versions->telling
                          : !versions->untold.empty() ? &versions->untold.front()
                                                      : nullptr;
    if (next == nullptr) return add_mav(x, {}, versions->log.version(view));
    const bool told = next->told.contains(session.number);
    add_mav(x, {}, told ? next->of(view).until : next->of(view).since);
  }

  // ---- a newcomer ----

  void greet(Room& room, Occupant& occupant, const Join& join, const xmpp::Jid& jid) const {
    Session& session = *occupant.session(jid);
    session.asked_for = static_cast<std::uint8_t>(session.asked_for & ~bit_);
    const xml::Element* mav = join.x == nullptr ? nullptr : join.x->child(kNs, "mav");
    if (mav == nullptr) return;
    const View view = view_of(room, occupant.affiliation);
    if (view == View::none) return refuse(room, join, jid);
    session.asked_for = static_cast<std::uint8_t>(session.asked_for | bit_);
    const ChangeLog& log = of(room).log;
    const std::string_view since = mav->attr("since");
    const auto number = log.find(since, view);
    if (!number) return send(room, view, full(room, view), {}, jid);
    Items items;
    for (const std::string_view who : log.changed_since(*number, view)) {
      const auto place = room.places().find(who);
      items.emplace_back(who, place == room.places().end() ? Lasting() : place->second);
    }
    if (!items.empty()) send(room, view, items, since, jid);
  }

 private:
  static std::int64_t places_of(const Room& room) { return static_cast<std::int64_t>(room.places().size()); }
  std::string mark() const { return random_.token(kMarkBytes); }
  Versions* in(const Room& room) const { return static_cast<Versions*>(room.slot(slot_)); }
  Versions& reset(Room& room, std::int64_t number) const {
    room.slot(slot_) = std::make_unique<Versions>(ChangeLog(number, mark()));
    return *in(room);
  }
  Versions& of(Room& room) const {
    Versions* versions = in(room);
    return versions == nullptr ? reset(room, 0) : *versions;
  }

  static Items full(const Room& room, View view) {
    Items items;
    for (const auto& [who, place] : room.places())
      if (place.affiliation > Affiliation::none || (view == View::all && place.affiliation == Affiliation::outcast))
        items.emplace_back(who, place);
    return items;
  }

  /// In several messages, if there are many; versions between these are known to nobody, so whoever loses the rest asks
  /// for all again.
  void send(Room& room, View view, const Items& items, std::string_view since, const xmpp::Jid& to) const {
    std::string from(since);
    std::size_t next = 0;
    do {
      const std::size_t end = std::min(next + kItemsEach, items.size());
      const std::string until = end == items.size() ? of(room).log.version(view) : mark();
      xml::Document message = xmpp::make_message(xmpp::Type::normal);
      xml::Element& x = message.root().add("x", ns::user);
      add_mav(x, from, until);
      for (; next < end; ++next) add_item(x, view, items[next].first, items[next].second);
      room.send(xmpp::share(std::move(message)), room.address(), to);
      from = until;
    } while (next < items.size());
  }

  static xmpp::StanzaRef make_message(const Room& room, const Telling& telling, View view, const xmpp::Jid& who) {
    xml::Document message = xmpp::make_message(xmpp::Type::normal);
    xml::Element& x = message.root().add("x", ns::user);
    add_mav(x, telling.of(view).since, telling.of(view).until);
    const auto place = room.places().find(who.str());
    add_item(x, view, who.str(), place == room.places().end() ? Lasting() : place->second);
    return xmpp::share(std::move(message));
  }

  // 5.2.3.
  static void refuse(Room& room, const Join& join, const xmpp::Jid& to) {
    xml::Document message = xmpp::make_message(xmpp::Type::error, join.presence.stanza().id());
    xml::Element& error = message.root().add("error").set_attr("by", room.address().str()).set_attr("type", "auth");
    error.add("forbidden", xmpp::ns::stanza_errors);
    room.send(xmpp::share(std::move(message)), room.address(), to);
  }

  base::Random& random_;
  RoomSlot slot_;
  std::uint8_t bit_;
};

}  // namespace

const store::RoomChange& ChangeLog::add(store::RoomChange change) {
  change.number = (changes_.empty() ? all_.number : changes_.back().number) + 1;
  restore(std::move(change));
  return changes_.back();
}

void ChangeLog::restore(store::RoomChange change) {
  changes_.push_back(std::move(change));
  if (std::ssize(changes_) <= store::RoomChangePut::kMost) return;
  const store::RoomChange& oldest = changes_.front();
  all_ = {oldest.number, oldest.mark};
  if (oldest.open) members_ = all_;
  changes_.pop_front();
}

std::string ChangeLog::version(View view, bool before_last) const {
  const Base* last = &base(view);
  Base found;
  bool skip = before_last;
  for (auto change = changes_.rbegin(); change != changes_.rend(); ++change) {
    if (std::exchange(skip, false) || !is_in(view, *change)) continue;
    found = {change->number, change->mark};
    last = &found;
    break;
  }
  return std::to_string(last->number) + letter(view) + last->mark;
}

std::optional<std::int64_t> ChangeLog::find(std::string_view version, View view) const {
  std::int64_t number = 0;
  const char* end = version.data() + version.size();
  const auto [stop, why] = std::from_chars(version.data(), end, number);
  if (why != std::errc() || stop == end || *stop != letter(view)) return std::nullopt;
  const std::string_view mark(stop + 1, static_cast<std::size_t>(end - stop - 1));
  if (number == base(view).number && mark == base(view).mark) return number;
  if (changes_.empty() || number < changes_.front().number || number > changes_.back().number) return std::nullopt;
  const store::RoomChange& change = changes_[static_cast<std::size_t>(number - changes_.front().number)];
  if (change.mark != mark || !is_in(view, change)) return std::nullopt;
  return number;
}

std::set<std::string_view> ChangeLog::changed_since(std::int64_t number, View view) const {
  std::set<std::string_view> who;
  for (const store::RoomChange& change : changes_)
    if (change.number > number && is_in(view, change)) who.insert(change.jid);
  return who;
}

void add_affiliation_versions(const Environment& environment) {
  environment.registry.xep(kXep);
  environment.registry.feature(router::Target::room, kNs);
  Points& points = environment.points;
  const Versioning versioning(environment);
  points.created.emplace_back([=](Room& room) { versioning.start(room); });
  points.restored.emplace_back([=](Room& room, const store::StoredRoom& stored) { versioning.restore(room, stored); });
  points.persisted.emplace_back([=](Room& room, store::Unit& unit) { versioning.persist(room, unit); });
  points.placed.emplace_back([=](Room& room, const xmpp::Jid& who, const Lasting& before, store::Unit& unit) {
    versioning.place(room, who, before, unit);
  });
  points.telling.emplace_back([=](Room& room, const xmpp::Jid& who) { versioning.begin(room, who); });
  points.standing.emplace_back(
      [=](Room& room, const xmpp::Jid& who, Affiliation, Affiliation) { versioning.finish(room, who); });
  points.taken_back.emplace_back([=](Room& room) { versioning.take_back(room); });
  points.entering.emplace_back([=](Room& room, Occupant& occupant, const Join& join, const xmpp::Jid& session) {
    versioning.greet(room, occupant, join, session);
  });
  points.own_presence.emplace_back([=](const Room& room, const Occupant& occupant, const Session& session,
                                       xml::Element& x) { versioning.add_own(room, occupant, session, x); });
  points.asides.push_back(
      {.kind =
           [=](const Room& room, const Occupant& shown, const Occupant& viewer, const Session& session) {
             return static_cast<std::uint8_t>(versioning.carries(room, shown, viewer, session));
           },
       .add = [=](const Room& room, std::uint8_t kind,
                  xml::Element& x) { versioning.add_change(room, static_cast<View>(kind), x); }});
}

}  // namespace muc
