#include "muc/activity.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <memory>
#include <numeric>

#include "muc/room.h"
#include "muc/service.h"
#include "xmpp/message.h"

namespace muc {
namespace {

using std::chrono::hours;

constexpr router::Xep kXep{502, "0.1.0", "MUC Activity Indicator"};
constexpr std::string_view kField = "{urn:xmpp:muc-activity}message-activity";
constexpr std::string_view kCorrection = "urn:xmpp:message-correct:0";  // XEP-0308

std::string two_digits(double value) {
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed, 2);
  return {text.data(), end.ptr};
}

struct Counted final : State {
  explicit Counted(Activity given) : activity(given) {}
  Activity activity;
  bool saved = true;
};

/// One per shard; copied into the steps. The counters are a value of the room's own: written once an hour, and when
/// everybody has left.
class Indicator {
 public:
  explicit Indicator(const Environment& environment)
      : loop_(environment.router.loop()),
        kept_(environment.points.fields.add<std::string>(
            {.var = "exedra#activity", .label = "", .otherwise = std::string(), .in_form = false})),
        password_(environment.points.fields.find<bool>("muc#roomconfig_passwordprotectedroom")),
        slot_(environment.points.room_slot()) {}

  void count(Room& room, const xmpp::Stanza& message) const {
    if (!xmpp::has_body(message) || message.child(kCorrection, "replace") != nullptr) return;
    Counted& counted = of(room);
    const bool new_hour = counted.activity.count(loop_.wall());
    counted.saved = false;
    if (new_hour) save(room, counted);
  }
  void left(Room& room) const {
    if (room.is_empty() && room.slot(slot_) != nullptr) save(room, of(room));
  }
  /// Of rooms that everybody may find and enter (3.1, 9).
  void add(const Room& room, std::vector<xmpp::FormField>& fields) const {
    const auto& listing = room.environment().points.listing;
    if (!room.persistent() || !listing || !listing(room).listed) return;
    if (room.get(password_) || !room.is_admitted(Affiliation::none)) return;
    const auto* counted = static_cast<const Counted*>(room.slot(slot_));
    const base::WallTime now = loop_.wall();
    const Activity activity = counted != nullptr ? counted->activity : read(room);
    fields.push_back(
        {.var = std::string(kField), .values = {two_digits(activity.per_hour(now))}, .label = "Messages per hour"});
  }

 private:
  /// From before the room counts: from when it was made.
  Activity read(const Room& room) const {
    return room.get(kept_).empty() ? Activity(room.created()) : Activity::parse(room.get(kept_), loop_.wall());
  }
  Counted& of(Room& room) const {
    auto& state = room.slot(slot_);
    if (state == nullptr) state = std::make_unique<Counted>(read(room));
    return static_cast<Counted&>(*state);
  }
  void save(Room& room, Counted& counted) const {
    if (counted.saved || !room.persistent()) return;
    counted.saved = true;
    room.set(kept_, counted.activity.text());
    room.save();
  }

  base::Loop& loop_;
  Field<std::string> kept_;
  Field<bool> password_;
  RoomSlot slot_;
};

}  // namespace

std::int64_t Activity::hour_of(base::WallTime time) {
  return std::chrono::floor<hours>(time.time_since_epoch()).count();
}

Activity Activity::parse(std::string_view text, base::WallTime now) {
  std::array<std::int64_t, kHours + 3> numbers{};
  const char* at = text.data();
  const char* end = at + text.size();
  for (std::int64_t& number : numbers) {
    const auto [stop, why] = std::from_chars(at, end, number);
    if (why != std::errc()) return Activity(now);
    at = stop == end ? stop : stop + 1;
  }
  Activity activity{base::WallTime{std::chrono::seconds{numbers[0]}}};
  activity.hour_ = numbers[1];
  for (std::size_t i = 0; i < activity.counters_.size(); ++i)
    activity.counters_[i] = static_cast<std::uint32_t>(numbers[i + 2]);
  return activity;
}

std::string Activity::text() const {
  const auto start = std::chrono::floor<std::chrono::seconds>(start_.time_since_epoch()).count();
  std::string text = std::to_string(start) + ' ' + std::to_string(hour_);
  for (const std::uint32_t counter : counters_) text += ' ' + std::to_string(counter);
  return text;
}

void Activity::move_to(std::int64_t hour) {
  if (hour <= hour_) return;  // or the clock went back
  const auto by = static_cast<std::size_t>(std::min<std::int64_t>(hour - hour_, std::ssize(counters_)));
  std::shift_right(counters_.begin(), counters_.end(), static_cast<std::ptrdiff_t>(by));
  std::fill_n(counters_.begin(), by, 0U);
  hour_ = hour;
}

bool Activity::count(base::WallTime now) {
  move_to(hour_of(now));
  return counters_[0]++ == 0;
}

double Activity::per_hour(base::WallTime now) const {
  Activity moved = *this;
  moved.move_to(hour_of(now));
  const double messages = std::accumulate(moved.counters_.begin(), moved.counters_.end(), 0.0);
  // The counters go back to the beginning of an hour.
  const base::WallTime first{hours{moved.hour_ - static_cast<std::int64_t>(kHours)}};
  const std::chrono::duration<double, hours::period> counted = now - std::max(start_, first);
  return messages / std::max(counted.count(), 1.0);
}

void add_activity(const Environment& environment) {
  environment.registry.xep(kXep);
  Points& points = environment.points;
  const Indicator indicator(environment);
  points.said.emplace_back(
      [=](Room& room, const Occupant&, const xmpp::Stanza& message) { indicator.count(room, message); });
  points.left.emplace_back([=](Room& room, const Occupant&) { indicator.left(room); });
  points.info_form.emplace_back(
      [=](const Room& room, std::vector<xmpp::FormField>& fields) { indicator.add(room, fields); });
}

}  // namespace muc
