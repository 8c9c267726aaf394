#include "muc/presence_versions.h"

#include <algorithm>
#include <charconv>
#include <deque>
#include <set>
#include <utility>

#include "muc/ns.h"
#include "muc/room.h"

namespace muc {
namespace {

constexpr router::Xep kXep{436, "0.2.0", "MUC presence versioning"};
constexpr std::string_view kNs = "urn:xmpp:muc-presence-versioning:0";
constexpr std::size_t kTokenBytes = 6;
constexpr std::size_t kMostLeft = 100;  // of a room: who left last

struct Left {
  std::uint64_t version = 0;
  std::string nick;
  Affiliation affiliation = Affiliation::none;
};

/// Of one room as long as it is in memory; afterwards another token tells clients to forget.
struct Versions final : State {
  explicit Versions(std::string given) : token(std::move(given)) {}
  const std::string token;
  std::uint64_t last = 0;
  std::deque<Left> left;
  std::uint64_t complete_from = 0;        ///< whoever left later is in `left`
  std::optional<std::uint64_t> greeting;  ///< what the session that is being greeted knows
};

struct Changed final : State {
  std::uint64_t version = 0;
};

/// What a client says that it has seen; nothing if it says nothing of the kind.
std::optional<std::string_view> asked(const Join& join) {
  for (const std::string_view ns : {ns::user, ns::muc}) {
    const xml::Element* x = join.presence.stanza().child(ns, "x");
    const xml::Element* version = x == nullptr ? nullptr : x->child(kNs, "version");
    if (version != nullptr) return version->attr("ver");
  }
  return std::nullopt;
}

/// One per shard; copied into the steps.
class Versioning {
 public:
  explicit Versioning(const Environment& environment)
      : random_(environment.random),
        room_slot_(environment.points.room_slot()),
        slot_(environment.points.occupant_slot()),
        bit_(environment.points.session_bit()) {}

  void shown(Room& room, const Occupant& occupant, bool gone) const {
    Versions& versions = of(room);
    ++versions.last;
    if (!gone) {
      changed(room, occupant).version = versions.last;
      return;
    }
    versions.left.push_back({versions.last, occupant.nick, occupant.affiliation});
    if (versions.left.size() <= kMostLeft) return;
    versions.complete_from = versions.left.front().version;
    versions.left.pop_front();
  }

  /// 1: for one who sees no addresses, 2: for one who does. With another view of others than before, all are news.
  std::uint8_t kind(const Room& room, const Occupant& viewer, const Session& session) const {
    if ((session.asked_for & bit_) == 0) return 0;
    return room.sees_addresses(viewer) ? 2 : 1;
  }

  void add(const Room& room, bool addresses, xml::Element& x) const {
    const auto* versions = static_cast<const Versions*>(room.slot(room_slot_));
    if (versions != nullptr)
      x.add("version", kNs).set_attr("ver", prefix(*versions, addresses) + std::to_string(versions->last));
  }

  void greet(Room& room, Occupant& occupant, const Join& join, const xmpp::Jid& jid) const {
    Versions& versions = of(room);
    versions.greeting.reset();
    Session& session = *occupant.session(jid);
    const auto known = asked(join);
    session.asked_for = static_cast<std::uint8_t>(known ? session.asked_for | bit_ : session.asked_for & ~bit_);
    if (!known || known->empty()) return;
    versions.greeting = find(room, versions, occupant, *known);
    if (!versions.greeting) return reset(room, jid);
    std::set<std::string_view> told;
    for (const Left& one : versions.left) {
      const Occupant* now = room.occupant(one.nick);
      const bool there = now != nullptr && !room.is_unseen(*now);
      if (one.version > *versions.greeting && !there && told.insert(one.nick).second) tell_left(room, one, jid);
    }
  }

  bool remembers(const Room& room, const Occupant& other) const {
    const auto* versions = static_cast<const Versions*>(room.slot(room_slot_));
    const auto* state = static_cast<const Changed*>(other.slots[static_cast<std::size_t>(slot_)].get());
    return versions != nullptr && versions->greeting && state != nullptr && state->version <= *versions->greeting;
  }

 private:
  static std::string prefix(const Versions& versions, bool addresses) {
    return versions.token + (addresses ? "+" : "-");
  }

  /// Where some are kept quiet, what one has seen depends on when it came: its client begins anew.
  static std::optional<std::uint64_t> find(const Room& room, const Versions& versions, const Occupant& viewer,
                                           std::string_view version) {
    const std::string expected = prefix(versions, room.sees_addresses(viewer));
    if (!version.starts_with(expected)) return std::nullopt;
    version.remove_prefix(expected.size());
    std::uint64_t number = 0;
    const auto [stop, why] = std::from_chars(version.data(), version.data() + version.size(), number);
    if (why != std::errc() || stop != version.data() + version.size()) return std::nullopt;
    if (number < versions.complete_from || number > versions.last) return std::nullopt;
    const auto is_quiet = [&](const auto& one) { return room.is_quiet(*one.second); };
    if (std::ranges::any_of(room.occupants(), is_quiet)) return std::nullopt;
    return number;
  }

  static void reset(Room& room, const xmpp::Jid& to) {
    xml::Document presence = xmpp::make_presence(xmpp::Type::available);
    presence.root().add("x", ns::user).add("reset", kNs);
    room.send(xmpp::share(std::move(presence)), room.address(), to);
  }

  static void tell_left(Room& room, const Left& left, const xmpp::Jid& to) {
    const auto from = room.address().with_resource(left.nick);
    if (!from) return;
    xml::Document presence = xmpp::make_presence(xmpp::Type::unavailable);
    xml::Element& item = presence.root().add("x", ns::user).add("item");
    item.set_attr("affiliation", to_string(left.affiliation)).set_attr("role", to_string(Role::none));
    room.send(xmpp::share(std::move(presence)), *from, to);
  }

  Versions& of(Room& room) const {
    auto& state = room.slot(room_slot_);
    if (state == nullptr) state = std::make_unique<Versions>(random_.token(kTokenBytes));
    return static_cast<Versions&>(*state);
  }
  Changed& changed(Room& room, const Occupant& occupant) const {
    auto& state = Room::slot(*room.occupant(occupant.nick), slot_);
    if (state == nullptr) state = std::make_unique<Changed>();
    return static_cast<Changed&>(*state);
  }

  base::Random& random_;
  RoomSlot room_slot_;
  OccupantSlot slot_;
  std::uint8_t bit_;
};

}  // namespace

// The states of lasting members who are not inside (4.1) are not sent: XEP-0463 tells of those.
void add_presence_versions(const Environment& environment) {
  environment.registry.xep(kXep);
  environment.registry.feature(router::Target::room, kNs);
  Points& points = environment.points;
  const Versioning versioning(environment);
  points.shown.emplace_back(
      [=](Room& room, const Occupant& occupant, bool gone) { versioning.shown(room, occupant, gone); });
  points.asides.push_back(
      {.kind = [=](const Room& room, const Occupant&, const Occupant& viewer,
                   const Session& session) { return versioning.kind(room, viewer, session); },
       .add = [=](const Room& room, std::uint8_t kind, xml::Element& x) { versioning.add(room, kind == 2, x); }});
  // To everybody, so that a client may begin with it (6).
  points.own_presence.emplace_back([=](const Room& room, const Occupant& occupant, const Session&, xml::Element& x) {
    versioning.add(room, room.sees_addresses(occupant), x);
  });
  points.entering.emplace_back([=](Room& room, Occupant& occupant, const Join& join, const xmpp::Jid& session) {
    versioning.greet(room, occupant, join, session);
  });
  points.remembered.emplace_back(
      [=](const Room& room, const Join&, const Occupant& other) { return versioning.remembers(room, other); });
}

}  // namespace muc
