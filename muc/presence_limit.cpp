#include "muc/presence_limit.h"

#include <charconv>
#include <deque>
#include <memory>
#include <optional>

#include "muc/room.h"

namespace muc {
namespace {

constexpr std::string_view kNoLimit = "none";
constexpr std::size_t kMostLately = 50;  // speakers whom newcomers are shown

/// Who spoke last, the last one first.
struct Speakers final : State {
  std::deque<Occupant*> all;
};
/// That somebody is among these.
struct Speaker final : State {};

std::optional<std::size_t> to_limit(std::string_view text) {
  std::uint32_t number = 0;
  const auto [stop, why] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (why != std::errc() || stop != text.data() + text.size()) return std::nullopt;
  return number;
}

bool is_limit(const Value& value) {
  const std::string& text = std::get<std::string>(value);
  return text == kNoLimit || to_limit(text).has_value();
}

Value of_service(const router::RoomService& service) {
  return service.presence_limit == 0 ? std::string(kNoLimit) : std::to_string(service.presence_limit);
}

/// One per shard; copied into the steps.
class PresenceLimit {
 public:
  explicit PresenceLimit(Points& points)
      : most_(points.fields.add<std::string>({.var = "exedra#roomconfig_presencelimit",
                                              .label = "Occupants Above Which Presence Is Only Sent on Demand",
                                              .type = xmpp::FieldType::text_single,
                                              .otherwise = std::string(kNoLimit),
                                              .accepts = is_limit,
                                              .of_service = of_service})),
        room_slot_(points.room_slot()),
        slot_(points.occupant_slot()) {}

  bool is_exceeded(const Room& room) const {
    const auto most = to_limit(room.get(most_));
    return most && room.occupants().size() > *most;
  }
  bool hides(const Room& room, const Occupant& occupant) const {
    return occupant.role != Role::moderator && occupant.slots[static_cast<std::size_t>(slot_)] == nullptr &&
           is_exceeded(room);
  }

  /// Before what the occupant says.
  void spoke(Room& room, const Occupant& speaker) const {
    if (!to_limit(room.get(most_))) return;
    Occupant& occupant = *room.occupant(speaker.nick);
    std::deque<Occupant*>& all = speakers(room);
    auto& mark = Room::slot(occupant, slot_);
    if (mark != nullptr) std::erase(all, &occupant);
    mark = std::make_unique<Speaker>();
    all.push_front(&occupant);
    if (all.size() > kMostLately) {
      Room::slot(*all.back(), slot_).reset();
      all.pop_back();
    }
    room.reveal(occupant);
  }

  void left(Room& room, const Occupant& occupant) const {
    if (occupant.slots[static_cast<std::size_t>(slot_)] != nullptr) std::erase(speakers(room), &occupant);
    show_all(room);
  }

  /// When the limit isn't exceeded any more.
  void show_all(Room& room) const {
    if (is_exceeded(room)) return;
    for (const auto& [nick, occupant] : room.occupants()) room.reveal(*occupant);
  }

 private:
  std::deque<Occupant*>& speakers(Room& room) const {
    auto& state = room.slot(room_slot_);
    if (state == nullptr) state = std::make_unique<Speakers>();
    return static_cast<Speakers&>(*state).all;
  }

  Field<std::string> most_;
  RoomSlot room_slot_;
  OccupantSlot slot_;
};

}  // namespace

void add_presence_limit(const Environment& environment) {
  Points& points = environment.points;
  const PresenceLimit limit(points);
  points.quiet.emplace_back([=](const Room& room, const Occupant& occupant) { return limit.hides(room, occupant); });
  points.said.emplace_back(
      [=](Room& room, const Occupant& speaker, const xmpp::Stanza&) { limit.spoke(room, speaker); });
  points.left.emplace_back([=](Room& room, const Occupant& occupant) { limit.left(room, occupant); });
  points.configured.emplace_back(
      [=](Room& room, const std::vector<Value>&, std::vector<int>&) { limit.show_all(room); });
  // Nobody hears from somebody who isn't there.
  points.whisper.emplace_back([](Room& room, Occupant& from, Occupant& to) -> Refusal {
    room.reveal(from, to);
    return std::nullopt;
  });
}

}  // namespace muc
