// The archive's part of Reader: XEP-0313 queries with XEP-0059 paging.
#include <algorithm>
#include <limits>

#include "store/apply.h"
#include "store/reader.h"
#include "store/select.h"

namespace store {
namespace {

// ?1 owner, ?2 and ?3 id bounds, ?4 start, ?5 end, ?6 with, ?7 and ?8 the range of its full addresses, ?9 ids.
#define EXEDRA_ARCHIVE_MATCH                                       \
  " FROM archive WHERE owner = ?1 AND id > ?2 AND id < ?3"         \
  " AND (?4 IS NULL OR time >= ?4) AND (?5 IS NULL OR time <= ?5)" \
  " AND (?6 IS NULL OR peer = ?6 OR (peer >= ?7 AND peer < ?8))"
#define EXEDRA_ARCHIVE_IDS " AND id IN (SELECT value FROM json_each(?9))"
#define EXEDRA_ARCHIVE_COLUMNS "SELECT id, peer, direction, time, hints, stanza"

constexpr std::int64_t kHighest = std::numeric_limits<std::int64_t>::max();

/// The query's parameters in the form the statements bind.
struct Match {
  const ArchiveQuery& query;
  std::optional<std::string> lowest, behind;  // "with/" <= full address < "with0": '0' follows '/'
  std::optional<std::string> ids;             // a JSON array

  explicit Match(const ArchiveQuery& asked) : query(asked) {
    if (query.with && !query.with->contains('/')) {
      lowest = *query.with + '/';
      behind = *query.with + '0';
    }
    if (!query.ids) return;
    std::string list(1, '[');
    for (const std::int64_t id : *query.ids) {
      if (list.size() > 1) list.push_back(',');
      list += std::to_string(id);
    }
    list.push_back(']');
    ids = std::move(list);
  }
};

void bind(Statement& statement, const Match& match, std::int64_t after, std::int64_t before) {
  statement.bind_all(std::string_view(match.query.owner), after, before, match.query.start, match.query.end,
                     match.query.with, match.lowest, match.behind);
  if (match.ids) statement.bind(9, *match.ids);
}

base::Result<std::int64_t> count(Database& db, const Match& match, std::int64_t before) {
  auto statement = db.prepare(match.ids ? "SELECT count(*)" EXEDRA_ARCHIVE_MATCH EXEDRA_ARCHIVE_IDS
                                        : "SELECT count(*)" EXEDRA_ARCHIVE_MATCH);
  if (!statement) return std::unexpected(statement.error());
  bind(*statement, match, match.query.behind, before);
  auto row = statement->step();
  if (!row) return std::unexpected(row.error());
  return statement->number(0);
}

std::string_view page_sql(bool with_ids, bool backwards) {
  if (with_ids) {
    return backwards ? EXEDRA_ARCHIVE_COLUMNS EXEDRA_ARCHIVE_MATCH EXEDRA_ARCHIVE_IDS " ORDER BY id DESC LIMIT ?10"
                     : EXEDRA_ARCHIVE_COLUMNS EXEDRA_ARCHIVE_MATCH EXEDRA_ARCHIVE_IDS " ORDER BY id LIMIT ?10";
  }
  return backwards ? EXEDRA_ARCHIVE_COLUMNS EXEDRA_ARCHIVE_MATCH " ORDER BY id DESC LIMIT ?10"
                   : EXEDRA_ARCHIVE_COLUMNS EXEDRA_ARCHIVE_MATCH " ORDER BY id LIMIT ?10";
}

ArchiveRow archive_row(const Statement& row, const std::string& owner) {
  return {.owner = owner,
          .id = row.number(0),
          .with = row.text(1),
          .direction = static_cast<Direction>(row.number(2)),
          .time = row.time(3),
          .stanza = row.text(5),
          .hints = static_cast<std::uint32_t>(row.number(4))};
}

// One row more than asked for is read, which tells whether the page is the last.
base::Result<void> read_page(Database& db, const Match& match, ArchivePage& page) {
  const ArchiveQuery& query = match.query;
  auto statement = db.prepare(page_sql(match.ids.has_value(), query.backwards));
  if (!statement) return std::unexpected(statement.error());
  bind(*statement, match, std::max(query.after.value_or(query.behind), query.behind), query.before.value_or(kHighest));
  statement->bind(10, static_cast<std::int64_t>(query.max) + 1);
  page.complete = true;
  for (;;) {
    auto more = statement->step();
    if (!more) return std::unexpected(more.error());
    if (!*more) break;
    if (page.rows.size() == query.max) {
      page.complete = false;
      break;
    }
    page.rows.push_back(archive_row(*statement, query.owner));
  }
  if (query.backwards) std::ranges::reverse(page.rows);
  return {};
}

base::Result<std::optional<ArchiveEnd>> archive_end(Database& db, std::string_view sql, std::string_view owner) {
  auto make = [](const Statement& row) { return ArchiveEnd{.id = row.number(0), .time = row.time(1)}; };
  return select_one(db, make, sql, owner);
}

ArchiveLimit archive_limit(const Statement& row) {
  return {.days = row.number(0), .messages = row.number(1), .bytes = row.number(2)};
}

}  // namespace

base::Result<ArchivePage> Reader::archive(const ArchiveQuery& query) {
  ArchivePage page;
  const Match match(query);
  if (auto read = read_page(db_, match, page); !read) return std::unexpected(read.error().in("reading the archive"));
  if (!query.count) return page;
  auto total = count(db_, match, kHighest);
  if (!total) return std::unexpected(total.error().in("counting the archive"));
  page.total = *total;
  if (page.rows.empty()) return page;
  auto index = count(db_, match, page.rows.front().id);
  if (!index) return std::unexpected(index.error().in("counting the archive"));
  page.first_index = *index;
  return page;
}

base::Result<bool> Reader::archive_has(std::string_view owner, std::int64_t id) {
  auto found = select_number(db_, "SELECT 1 FROM archive WHERE owner = ? AND id = ?", owner, id);
  if (!found) return std::unexpected(found.error());
  return *found == 1;
}

base::Result<std::optional<ArchiveSpan>> Reader::archive_span(std::string_view owner) {
  auto first = archive_end(db_, "SELECT id, time FROM archive WHERE owner = ? ORDER BY id LIMIT 1", owner);
  if (!first) return std::unexpected(first.error());
  auto last = archive_end(db_, "SELECT id, time FROM archive WHERE owner = ? ORDER BY id DESC LIMIT 1", owner);
  if (!last) return std::unexpected(last.error());
  if (!*first || !*last) return std::nullopt;
  return ArchiveSpan{.first = **first, .last = **last};
}

// Three seeks for each owner; no look at the rows between.
base::Result<std::vector<ArchiveAge>> Reader::archive_ages(std::string_view after, std::size_t limit, bool limited) {
  std::vector<ArchiveAge> ages;
  std::string last(after);
  while (ages.size() < limit) {
    auto next = select_one(db_, first_text,
                           limited ? "SELECT owner FROM archive_limit WHERE owner > ? ORDER BY owner LIMIT 1"
                                   : "SELECT owner FROM archive WHERE owner > ? ORDER BY owner LIMIT 1",
                           last);
    if (!next) return std::unexpected(next.error());
    if (!*next) break;
    last = **next;
    auto oldest = select_number(
        db_, "SELECT min(time) FROM (SELECT time FROM archive WHERE owner = ? ORDER BY id LIMIT 10)", last);
    if (!oldest) return std::unexpected(oldest.error());
    auto own = select_one(db_, archive_limit, "SELECT days, messages, bytes FROM archive_limit WHERE owner = ?", last);
    if (!own) return std::unexpected(own.error());
    ages.push_back({.owner = last,
                    .oldest = *oldest == 0 ? base::WallTime::max() : base::WallTime(base::WallTime::duration(*oldest)),
                    .limit = own->value_or(ArchiveLimit())});
  }
  return ages;
}

// A stanza's length is in its row's head: what doesn't fit the row's page isn't read.
base::Result<ArchiveTally> Reader::archive_tally(std::string_view owner, const ArchiveTally& so_far,
                                                 const ArchiveLimit& limit, std::size_t rows) {
  ArchiveTally tally = so_far;
  std::size_t counted = 0;
  auto count = [&](const Statement& row) {
    ++counted;
    tally.below = row.number(0);
    tally.bytes += row.number(1);
    ++tally.messages;
    if ((limit.messages > 0 && tally.messages > limit.messages) || (limit.bytes > 0 && tally.bytes > limit.bytes))
      tally.excess = tally.below;
    return tally.below;
  };
  auto read = select_while(
      db_, count, [&] { return !tally.excess; },
      "SELECT id, length(stanza) FROM archive WHERE owner = ? AND id < ? ORDER BY id DESC LIMIT ?", owner, tally.below,
      static_cast<std::int64_t>(rows));
  if (!read) return std::unexpected(read.error());
  tally.done = tally.excess || counted < rows;
  return tally;
}

base::Result<std::optional<ArchivePrefs>> Reader::archive_prefs(std::string_view owner) {
  auto make = [](const Statement& row) {
    return ArchivePrefs{.otherwise = static_cast<ArchiveDefault>(row.number(0)),
                        .always = split(row.text(1)),
                        .never = split(row.text(2))};
  };
  return select_one(db_, make, "SELECT otherwise, always, never FROM archive_prefs WHERE owner = ?", owner);
}

base::Result<std::int64_t> Reader::last_archive_id(std::string_view owner) {
  return select_number(db_, "SELECT max(id) FROM archive WHERE owner = ?", owner);
}

}  // namespace store
