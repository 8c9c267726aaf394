// The part of Reader that federation asks: what remote domains have not acknowledged, and their keys.
#include "store/reader.h"
#include "store/select.h"

namespace store {

base::Result<std::vector<SpoolRow>> Reader::spool(std::string_view remote, std::int64_t after, std::size_t limit,
                                                  std::size_t most_bytes) {
  std::size_t bytes = 0;
  auto make = [&](const Statement& row) {
    SpoolRow made{.remote = std::string(remote),
                  .id = row.number(0),
                  .local = row.text(1),
                  .time = row.time(2),
                  .deadline = row.time(3),
                  .stanza = row.text(4)};
    bytes += made.stanza.size();
    return made;
  };
  return select_while(
      db_, make, [&] { return bytes < most_bytes; },
      "SELECT id, local, time, deadline, stanza FROM spool WHERE remote = ? AND id > ? ORDER BY id LIMIT ?", remote,
      after, static_cast<std::int64_t>(limit));
}

base::Result<std::vector<std::string>> Reader::spooled_domains(std::string_view after, std::size_t limit) {
  return select_all(db_, first_text, "SELECT DISTINCT remote FROM spool WHERE remote > ? ORDER BY remote LIMIT ?",
                    after, static_cast<std::int64_t>(limit));
}

base::Result<std::vector<PinRow>> Reader::pins(std::string_view after, std::size_t limit) {
  const auto make = [](const Statement& row) { return PinRow{row.text(0), row.text(1), row.time(2)}; };
  return select_all(db_, make, "SELECT remote, key, since FROM pin WHERE remote > ? ORDER BY remote LIMIT ?", after,
                    static_cast<std::int64_t>(limit));
}

}  // namespace store
