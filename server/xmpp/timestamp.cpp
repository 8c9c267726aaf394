#include "xmpp/timestamp.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdio>

namespace xmpp {
namespace {

namespace chrono = std::chrono;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Takes fixed-width pieces off the front; after the first mismatch `good()` stays false.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  int number(std::size_t digits) {
    good_ = good_ && rest_.size() >= digits && std::ranges::all_of(rest_.substr(0, digits), is_digit);
    if (!good_) return 0;
    int value = 0;
    for (const char c : rest_.substr(0, digits)) value = value * 10 + (c - '0');
    rest_.remove_prefix(digits);
    return value;
  }
  void expect(char c) {
    good_ = good_ && rest_.starts_with(c);
    if (good_) rest_.remove_prefix(1);
  }
  /// The digits after a point, if there is one, as microseconds.
  chrono::microseconds fraction() {
    if (!good_ || !rest_.starts_with('.')) return {};
    rest_.remove_prefix(1);
    int value = 0;
    std::size_t digits = 0;
    for (; digits < rest_.size() && is_digit(rest_[digits]); ++digits) {
      if (digits < 6) value = value * 10 + (rest_[digits] - '0');
    }
    good_ = digits > 0;
    rest_.remove_prefix(digits);
    for (std::size_t i = digits; i < 6; ++i) value *= 10;
    return chrono::microseconds(value);
  }
  chrono::minutes offset() {
    if (!good_ || rest_ == "Z") return {};
    const int sign = rest_.starts_with('-') ? -1 : 1;
    expect(sign < 0 ? '-' : '+');
    const int hours = number(2);
    expect(':');
    const int minutes = number(2);
    // XML Schema part 2, 3.2.7.3: at most 14:00.
    good_ = good_ && rest_.empty() && minutes < 60 && hours * 60 + minutes <= 14 * 60;
    return sign * chrono::minutes(hours * 60 + minutes);
  }
  bool good() const { return good_; }

 private:
  std::string_view rest_;
  bool good_ = true;
};

}  // namespace

std::optional<base::WallTime> parse_timestamp(std::string_view text) {
  Scanner scan(text);
  const chrono::year year(scan.number(4));
  scan.expect('-');
  const chrono::month month(static_cast<unsigned>(scan.number(2)));
  scan.expect('-');
  const chrono::day day(static_cast<unsigned>(scan.number(2)));
  scan.expect('T');
  const int hour = scan.number(2);
  scan.expect(':');
  const int minute = scan.number(2);
  scan.expect(':');
  const int second = scan.number(2);
  const auto fraction = scan.fraction();
  const auto offset = scan.offset();
  const chrono::year_month_day date(year, month, day);
  // Year 0000 is no year (XML Schema part 2, 3.2.7.1), and a leap second has no place on this time line.
  if (!scan.good() || !date.ok() || year == chrono::year(0) || hour > 23 || minute > 59 || second > 59) {
    return std::nullopt;
  }
  return base::WallTime(chrono::sys_days(date)) + chrono::hours(hour) + chrono::minutes(minute) +
         chrono::seconds(second) + fraction - offset;
}

std::string format_timestamp(base::WallTime time) {
  const auto days = chrono::floor<chrono::days>(time);
  const chrono::year_month_day date(days);
  const chrono::hh_mm_ss clock(time - days);
  std::array<char, 64> text{};
  const int size = std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%06dZ", int{date.year()},
                                 unsigned{date.month()}, unsigned{date.day()}, static_cast<int>(clock.hours().count()),
                                 static_cast<int>(clock.minutes().count()), static_cast<int>(clock.seconds().count()),
                                 static_cast<int>(clock.subseconds().count()));
  return {text.data(), static_cast<std::size_t>(size)};
}

}  // namespace xmpp
