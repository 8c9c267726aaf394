#include "xmpp/archive_id.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>

namespace xmpp {
namespace {

/// Low bits of an id that are drawn (XEP-0313 3: an id must be unpredictable); the rest is the time in microseconds,
/// which leaves room until the year 2255.
constexpr std::int64_t kDrawn = 1024;
constexpr std::int64_t kLatestMicros = std::int64_t{1} << 52;

std::int64_t draw(base::Random& random) {
  std::array<std::byte, 2> bytes{};
  random.fill(bytes);
  return (std::to_integer<std::int64_t>(bytes[0]) << 8 | std::to_integer<std::int64_t>(bytes[1])) % kDrawn;
}

}  // namespace

std::int64_t next_archive_id(std::int64_t last, base::WallTime now, base::Random& random) {
  const std::int64_t micros = std::clamp<std::int64_t>(now.time_since_epoch().count(), 0, kLatestMicros);
  return std::max(last, micros * kDrawn) + 1 + draw(random);
}

std::string format_archive_id(std::int64_t id) { return std::to_string(id); }

std::optional<std::int64_t> parse_archive_id(std::string_view text) {
  std::int64_t id = 0;
  const auto [stop, why] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (why != std::errc() || stop != text.data() + text.size() || format_archive_id(id) != text) return std::nullopt;
  return id;
}

}  // namespace xmpp
