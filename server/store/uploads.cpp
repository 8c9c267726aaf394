// Reader's part about files that people have put (XEP-0363).
#include "store/reader.h"
#include "store/select.h"

namespace store {
namespace {

/// Nobody gets one without a file, of which only the bytes still count.
UploadRecord upload_row(const Statement& row) {
  UploadRecord record{.id = row.text(0),
                      .owner = row.text(1),
                      .name = row.text(2),
                      .type = row.text(3),
                      .hash = row.text(4),
                      .bytes = row.number(5),
                      .purpose = static_cast<std::uint8_t>(row.number(6)),
                      .created = row.time(7),
                      .expires = row.time(8)};
  if (record.hash.empty()) record.expires = {};
  return record;
}

#define EXEDRA_UPLOADS "SELECT id, owner, name, type, hash, bytes, purpose, created, expires FROM upload"

}  // namespace

base::Result<std::optional<UploadRecord>> Reader::upload(std::string_view id) {
  return select_one(db_, upload_row, EXEDRA_UPLOADS " WHERE id = ?", id);
}

base::Result<UploadUsage> Reader::upload_usage(std::string_view owner, base::WallTime since, base::WallTime now) {
  auto make = [](const Statement& row) {
    UploadUsage usage{.total = row.number(0), .recent = row.number(1)};
    if (row.number(2) != 0) usage.oldest_recent = row.time(2);
    if (row.number(3) != 0 && row.time(3) != base::WallTime::max()) usage.next_expiry = row.time(3);
    return usage;
  };
  auto found = select_one(db_, make,
                          "SELECT coalesce(sum(bytes) FILTER (WHERE expires > ?1 AND hash != ''), 0),"
                          " coalesce(sum(bytes) FILTER (WHERE created >= ?2), 0),"
                          " coalesce(min(created) FILTER (WHERE created >= ?2), 0),"
                          " coalesce(min(expires) FILTER (WHERE expires > ?1 AND hash != ''), 0)"
                          " FROM upload WHERE owner = ?3",
                          now, since, owner);
  if (!found) return std::unexpected(found.error());
  return found->value_or(UploadUsage());
}

base::Result<std::vector<UploadRecord>> Reader::expired_uploads(base::WallTime now, std::int64_t max) {
  return select_all(db_, upload_row, EXEDRA_UPLOADS " WHERE expires <= ? ORDER BY expires LIMIT ?", now, max);
}

base::Result<std::vector<std::string>> Reader::unused_uploads(const std::vector<std::string>& hashes) {
  std::vector<std::string> unused;
  for (const std::string& hash : hashes) {
    auto found = select_number(db_, "SELECT count(*) FROM (SELECT 1 FROM upload WHERE hash = ? LIMIT 1)", hash);
    if (!found) return std::unexpected(found.error());
    if (*found == 0) unused.push_back(hash);
  }
  return unused;
}

#undef EXEDRA_UPLOADS

}  // namespace store
