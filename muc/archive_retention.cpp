#include "muc/archive_retention.h"

#include <charconv>
#include <cstdint>
#include <limits>
#include <optional>

#include "muc/room.h"
#include "store/unit.h"

namespace muc {
namespace {

constexpr std::int64_t kMostDays = 36'500, kMostMessages = std::numeric_limits<std::uint32_t>::max();
constexpr std::int64_t kLeastBytes = 10'000, kMostBytes = std::int64_t{1} << 40;

/// Nothing is as good as 0: as the service keeps it.
std::optional<std::int64_t> number(const std::string& text) {
  if (text.empty()) return 0;
  std::int64_t read = 0;
  const auto [end, why] = std::from_chars(text.data(), text.data() + text.size(), read);
  if (why != std::errc() || end != text.data() + text.size() || read < 0) return std::nullopt;
  return read;
}

struct Limits {
  Field<std::string> days, messages, bytes;

  store::ArchiveLimit of(const std::vector<Value>& values) const {
    const auto value = [&](Field<std::string> field) {
      return number(std::get<std::string>(values[field.index])).value_or(0);
    };
    return {.days = value(days), .messages = value(messages), .bytes = value(bytes)};
  }
};

Field<std::string> add_field(Fields& fields, std::string_view var, std::string_view label, std::int64_t least,
                             std::int64_t most) {
  return fields.add<std::string>({.var = var,
                                  .label = label,
                                  .type = xmpp::FieldType::text_single,
                                  .otherwise = std::string("0"),
                                  .accepts = [least, most](const Value& value) {
                                    const auto given = number(std::get<std::string>(value));
                                    return given && (*given == 0 || (*given >= least && *given <= most));
                                  }});
}

}  // namespace

void add_archive_retention(const Environment& environment) {
  Points& points = environment.points;
  const Limits limits{add_field(points.fields, "muc#roomconfig_archivedays",
                                "Days that Messages are Archived (0: As on the Service)", 1, kMostDays),
                      add_field(points.fields, "muc#roomconfig_archivemessages",
                                "Newest Messages that the Archive Keeps (0: As on the Service)", 1, kMostMessages),
                      add_field(points.fields, "muc#roomconfig_archivebytes",
                                "Bytes that the Archive Keeps (0: As on the Service)", kLeastBytes, kMostBytes)};
  points.configuring.emplace_back([limits](Room& room, const std::vector<Value>& before) {
    const store::ArchiveLimit limit = limits.of(room.values());
    if (limit == limits.of(before)) return;
    auto unit = base::make_ref<store::Unit>();
    unit->add(store::ArchiveLimitPut{.owner = std::string(room.address().str()), .limit = limit});
    room.write(std::move(unit));
  });
}

}  // namespace muc
