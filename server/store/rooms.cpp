// The rooms' part of Reader: one room as it was, and a service's list with XEP-0059 paging.
#include <algorithm>
#include <iterator>

#include "store/reader.h"
#include "store/select.h"

namespace store {
namespace {

Room room_row(const Statement& row) {
  return {.room = row.text(0),
          .service = row.text(1),
          .created = row.time(2),
          .name = row.text(3),
          .listed = row.number(4) != 0,
          .temporary = row.number(5) != 0,
          .settings = row.text(6),
          .subject = row.text(7),
          .archive_from = row.number(8)};
}

RoomAffiliation affiliation_row(const Statement& row) {
  return {.jid = row.text(0),
          .affiliation = static_cast<std::uint8_t>(row.number(1)),
          .nick = row.text(2),
          .reason = row.text(3)};
}

RoomChange change_row(const Statement& row) {
  return {.number = row.number(0),
          .jid = row.text(1),
          .mark = row.text(2),
          .open = row.number(3) != 0,
          .places = row.number(4)};
}

#define EXEDRA_LISTED_ROOMS " FROM room WHERE listed = 1 AND service = ?1"

// Without an upper bound an empty BLOB is one: it sorts behind every text. One row more than asked for is read, which
// tells whether the page is the last.
template <class Before>
base::Result<std::vector<RoomName>> read_names(Database& db, const RoomQuery& query, const Before& before) {
  auto make = [](const Statement& row) { return RoomName{.room = row.text(0), .name = row.text(1)}; };
  const std::string_view sql = query.backwards ? "SELECT room, name" EXEDRA_LISTED_ROOMS
                                                 " AND room > ?2 AND room < ?3 ORDER BY room DESC LIMIT ?4"
                                               : "SELECT room, name" EXEDRA_LISTED_ROOMS
                                                 " AND room > ?2 AND room < ?3 ORDER BY room LIMIT ?4";
  return select_all(db, make, sql, query.service, query.after.value_or(""), before,
                    static_cast<std::int64_t>(query.max) + 1);
}

// The two ends of the list, which are asked for most, need no second count.
base::Result<std::int64_t> index_of(Database& db, const RoomQuery& query, const RoomPage& page) {
  if (page.rooms.empty() || (!query.backwards && !query.after)) return 0;
  if (query.backwards && !query.before) return page.total - std::ssize(page.rooms);
  return select_number(db, "SELECT count(*)" EXEDRA_LISTED_ROOMS " AND room < ?2", query.service,
                       page.rooms.front().room);
}

}  // namespace

base::Result<std::optional<StoredRoom>> Reader::room(std::string_view room) {
  auto found =
      select_one(db_, room_row,
                 "SELECT room, service, created, name, listed, temporary, settings, subject, archive_from FROM room"
                 " WHERE room = ?",
                 room);
  if (!found) return std::unexpected(found.error());
  if (!*found) return std::nullopt;
  auto affiliations =
      select_all(db_, affiliation_row,
                 "SELECT jid, affiliation, nick, reason FROM room_affiliation WHERE room = ? ORDER BY jid", room);
  if (!affiliations) return std::unexpected(affiliations.error());
  auto changes = select_all(
      db_, change_row, "SELECT number, jid, mark, open, places FROM room_change WHERE room = ? ORDER BY number", room);
  if (!changes) return std::unexpected(changes.error());
  return StoredRoom{
      .room = std::move(**found), .affiliations = std::move(*affiliations), .changes = std::move(*changes)};
}

base::Result<RoomPage> Reader::rooms(const RoomQuery& query) {
  auto names = query.before ? read_names(db_, query, *query.before) : read_names(db_, query, Blob{});
  if (!names) return std::unexpected(names.error().in("listing rooms"));
  RoomPage page{.rooms = std::move(*names)};
  page.complete = page.rooms.size() <= query.max;
  if (!page.complete) page.rooms.pop_back();
  if (query.backwards) std::ranges::reverse(page.rooms);
  if (!query.count) return page;
  auto total = select_number(db_, "SELECT count(*)" EXEDRA_LISTED_ROOMS, query.service);
  if (!total) return std::unexpected(total.error().in("counting rooms"));
  page.total = *total;
  auto index = index_of(db_, query, page);
  if (!index) return std::unexpected(index.error().in("counting rooms"));
  page.first_index = *index;
  return page;
}

base::Result<std::int64_t> Reader::rooms_with(std::string_view service, std::string_view jid,
                                              std::uint8_t affiliation) {
  return select_number(db_,
                       "SELECT count(*) FROM room_affiliation AS held JOIN room ON room.room = held.room"
                       " WHERE held.jid = ? AND held.affiliation = ? AND room.service = ?",
                       jid, std::int64_t{affiliation}, service);
}

}  // namespace store
