// How much is said in a room, for those who look for one (XEP-0502).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "muc/behaviour.h"

namespace muc {

void add_activity(const Environment& environment);

/// Messages of the last day, by the hour.
class Activity {
 public:
  explicit Activity(base::WallTime start) : start_(start), hour_(hour_of(start)) {}
  /// As text() made it; one that begins now, if it didn't.
  static Activity parse(std::string_view text, base::WallTime now);
  std::string text() const;

  /// One message more. True if it is the first of an hour.
  bool count(base::WallTime now);
  /// Messages an hour, of what has been counted.
  double per_hour(base::WallTime now) const;

 private:
  static constexpr std::size_t kHours = 24;
  static std::int64_t hour_of(base::WallTime time);
  void move_to(std::int64_t hour);

  base::WallTime start_;
  std::int64_t hour_;  // of the first counter; the others are of those before
  std::array<std::uint32_t, kHours + 1> counters_{};
};

}  // namespace muc
