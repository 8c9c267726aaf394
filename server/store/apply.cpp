#include "store/apply.h"

#include <algorithm>
#include <array>
#include <type_traits>
#include <utility>
#include <variant>

namespace store {
namespace {

using Done = base::Result<void>;

template <class Enum>
  requires std::is_enum_v<Enum>
std::int64_t number(Enum value) {
  return static_cast<std::int64_t>(value);
}

Done put(Database& db, const AccountPut& put) {
  const Account& account = put.account;
  const std::string owner = account.owner();
  auto done = db.run("INSERT OR REPLACE INTO account (owner, local, host, disabled) VALUES (?,?,?,?)", owner,
                     account.local, account.host, std::int64_t{account.disabled});
  if (done) done = db.run("DELETE FROM scram WHERE owner = ?", owner);
  for (const ScramKeys& keys : account.keys) {
    if (!done) return done;
    done =
        db.run("INSERT INTO scram (owner, hash, salt, iterations, stored_key, server_key) VALUES (?,?,?,?,?,?)", owner,
               number(keys.hash), Blob{keys.salt}, keys.iterations, Blob{keys.stored_key}, Blob{keys.server_key});
  }
  return done;
}

// Every table has its owner's rows removed here; a new table joins this list.
Done put(Database& db, const AccountDelete& gone) {
  static constexpr std::array kDeletes{"DELETE FROM account WHERE owner = ?",
                                       "DELETE FROM scram WHERE owner = ?",
                                       "DELETE FROM roster WHERE owner = ?",
                                       "DELETE FROM roster_version WHERE owner = ?",
                                       "DELETE FROM subscription_request WHERE owner = ?",
                                       "DELETE FROM blocklist WHERE owner = ?",
                                       "DELETE FROM private_xml WHERE owner = ?",
                                       "DELETE FROM vcard WHERE owner = ?",
                                       "DELETE FROM archive WHERE owner = ?",
                                       "DELETE FROM archive_prefs WHERE owner = ?",
                                       "DELETE FROM archive_limit WHERE owner = ?",
                                       "DELETE FROM offline WHERE owner = ?",
                                       "DELETE FROM last_activity WHERE owner = ?",
                                       "DELETE FROM sm_mark WHERE owner = ?",
                                       "UPDATE upload SET expires = 0 WHERE owner = ?",
                                       "DELETE FROM upload_mention WHERE owner = ?",
                                       "DELETE FROM room_affiliation WHERE jid = ? AND affiliation > 0"};
  for (const char* sql : kDeletes) {
    if (auto done = db.run(sql, gone.owner); !done) return done;
  }
  return {};
}

Done put(Database& db, const RosterPut& put) {
  const RosterItem& item = put.item;
  const std::string groups = join(item.groups);
  return db.run(
      "INSERT OR REPLACE INTO roster (owner, jid, name, subscription, ask, approved, groups) VALUES (?,?,?,?,?,?,?)",
      put.owner, item.jid, item.name, number(item.subscription), std::int64_t{item.ask}, std::int64_t{item.approved},
      Blob{groups});
}

Done put(Database& db, const RosterDelete& gone) {
  return db.run("DELETE FROM roster WHERE owner = ? AND jid = ?", gone.owner, gone.jid);
}

Done put(Database& db, const RosterVersionPut& put) {
  return db.run("INSERT OR REPLACE INTO roster_version (owner, version) VALUES (?,?)", put.owner, put.version);
}

Done put(Database& db, const SubscriptionRequestPut& put) {
  return db.run("INSERT OR REPLACE INTO subscription_request (owner, jid, stanza) VALUES (?,?,?)", put.owner,
                put.request.jid, Blob{put.request.stanza});
}

Done put(Database& db, const SubscriptionRequestDelete& gone) {
  return db.run("DELETE FROM subscription_request WHERE owner = ? AND jid = ?", gone.owner, gone.jid);
}

Done put(Database& db, const BlockPut& put) {
  return db.run("INSERT OR REPLACE INTO blocklist (owner, jid) VALUES (?,?)", put.owner, put.jid);
}

Done put(Database& db, const BlockDelete& gone) {
  return db.run("DELETE FROM blocklist WHERE owner = ? AND jid = ?", gone.owner, gone.jid);
}

Done put(Database& db, const PrivatePut& put) {
  return db.run("INSERT OR REPLACE INTO private_xml (owner, ns, name, xml) VALUES (?,?,?,?)", put.owner, put.ns,
                put.name, Blob{put.xml});
}

Done put(Database& db, const PrivateDelete& gone) {
  return db.run("DELETE FROM private_xml WHERE owner = ? AND ns = ? AND name = ?", gone.owner, gone.ns, gone.name);
}

Done put(Database& db, const VcardPut& put) {
  return db.run("INSERT OR REPLACE INTO vcard (owner, xml) VALUES (?,?)", put.owner, Blob{put.xml});
}

Done put(Database& db, const VcardDelete& gone) { return db.run("DELETE FROM vcard WHERE owner = ?", gone.owner); }

Done put(Database& db, const ArchivePut& put) {
  const ArchiveRow& row = put.row;
  return db.run("INSERT INTO archive (owner, id, peer, direction, time, hints, stanza) VALUES (?,?,?,?,?,?,?)",
                row.owner, row.id, row.with, number(row.direction), row.time, std::int64_t{row.hints},
                Blob{row.stanza});
}

Done put(Database& db, const ArchiveReplace& replace) {
  return db.run("UPDATE archive SET stanza = ? WHERE owner = ? AND id = ?", Blob{replace.stanza}, replace.owner,
                replace.id);
}

Done put(Database& db, const ArchiveExpire& expire) {
  return db.run(
      "DELETE FROM archive WHERE number IN"
      " (SELECT number FROM (SELECT number, time FROM archive WHERE owner = ? ORDER BY id LIMIT ?) WHERE time < ?)",
      expire.owner, ArchiveExpire::kMost, expire.before);
}

Done put(Database& db, const ArchiveTrim& trim) {
  return db.run(
      "DELETE FROM archive WHERE number IN (SELECT number FROM archive WHERE owner = ? AND id <= ? ORDER BY id LIMIT "
      "?)",
      trim.owner, trim.upto, ArchiveExpire::kMost);
}

Done put(Database& db, const ArchiveLimitPut& put) {
  if (put.limit == ArchiveLimit()) return db.run("DELETE FROM archive_limit WHERE owner = ?", put.owner);
  return db.run("INSERT OR REPLACE INTO archive_limit (owner, days, messages, bytes) VALUES (?,?,?,?)", put.owner,
                put.limit.days, put.limit.messages, put.limit.bytes);
}

Done put(Database& db, const ArchivePrefsPut& put) {
  const std::string always = join(put.prefs.always);
  const std::string never = join(put.prefs.never);
  return db.run("INSERT OR REPLACE INTO archive_prefs (owner, otherwise, always, never) VALUES (?,?,?,?)", put.owner,
                number(put.prefs.otherwise), Blob{always}, Blob{never});
}

Done put(Database& db, const OfflinePut& put) {
  if (put.cancelled && put.cancelled->cancelled) return {};
  return db.run("INSERT INTO offline (owner, id, time, stanza) VALUES (?,?,?,?)", put.row.owner, put.row.id,
                put.row.time, Blob{put.row.stanza});
}

Done put(Database& db, const OfflineDelete& gone) {
  return db.run("DELETE FROM offline WHERE owner = ? AND id = ?", gone.owner, gone.id);
}

Done put(Database& db, const SpoolPut& put) {
  if (put.cancelled && put.cancelled->cancelled) return {};
  const SpoolRow& row = put.row;
  return db.run("INSERT INTO spool (remote, id, local, time, deadline, stanza) VALUES (?,?,?,?,?,?)", row.remote,
                row.id, row.local, row.time, row.deadline, Blob{row.stanza});
}

Done put(Database& db, const SpoolDelete& gone) {
  return db.run("DELETE FROM spool WHERE remote = ? AND id = ?", gone.remote, gone.id);
}

Done put(Database& db, const PinPut& put) {
  return db.run("INSERT OR REPLACE INTO pin (remote, key, since) VALUES (?,?,?)", put.row.remote, put.row.key,
                put.row.since);
}

Done put(Database& db, const PinDelete& gone) { return db.run("DELETE FROM pin WHERE remote = ?", gone.remote); }

Done put(Database& db, const LastActivityPut& put) {
  return db.run("INSERT OR REPLACE INTO last_activity (owner, time, status) VALUES (?,?,?)", put.owner, put.last.time,
                put.last.status);
}

Done put(Database& db, const SmMarkPut& put) {
  return db.run("INSERT OR REPLACE INTO sm_mark (sm_id, owner, h, time) VALUES (?,?,?,?)", put.mark.sm_id,
                put.mark.owner, std::int64_t{put.mark.h}, put.mark.time);
}

Done put(Database& db, const SmMarkDelete& gone) { return db.run("DELETE FROM sm_mark WHERE sm_id = ?", gone.sm_id); }

Done put(Database& db, const SmMarkExpire& expire) {
  return db.run("DELETE FROM sm_mark WHERE sm_id IN (SELECT sm_id FROM sm_mark WHERE time < ? LIMIT ?)", expire.before,
                SmMarkExpire::kMost);
}

Done put(Database& db, const RoomPut& put) {
  const Room& room = put.room;
  return db.run(
      "INSERT OR REPLACE INTO room (room, service, created, name, listed, temporary, settings, subject,"
      " archive_from) VALUES (?,?,?,?,?,?,?,?,?)",
      room.room, room.service, room.created, room.name, std::int64_t{room.listed}, std::int64_t{room.temporary},
      Blob{room.settings}, Blob{room.subject}, room.archive_from);
}

Done put(Database& db, const RoomDelete& gone) {
  auto done = db.run("DELETE FROM room WHERE room = ?", gone.room);
  if (done) done = db.run("DELETE FROM room_affiliation WHERE room = ?", gone.room);
  if (done) done = db.run("DELETE FROM vcard WHERE owner = ?", gone.room);
  if (done) done = db.run("DELETE FROM archive_limit WHERE owner = ?", gone.room);
  if (done) done = db.run("DELETE FROM room_change WHERE room = ?", gone.room);
  if (!done) return done;
  return db.run("DELETE FROM archive WHERE number IN (SELECT number FROM archive WHERE owner = ? ORDER BY id LIMIT ?)",
                gone.room, RoomDelete::kMost);
}

Done put(Database& db, const RoomsForget&) {
  auto done = db.run("DELETE FROM room_affiliation WHERE room IN (SELECT room FROM room WHERE temporary = 1)");
  if (done) done = db.run("DELETE FROM vcard WHERE owner IN (SELECT room FROM room WHERE temporary = 1)");
  if (done) done = db.run("DELETE FROM archive_limit WHERE owner IN (SELECT room FROM room WHERE temporary = 1)");
  if (done) done = db.run("DELETE FROM room_change WHERE room IN (SELECT room FROM room WHERE temporary = 1)");
  return done ? db.run("DELETE FROM room WHERE temporary = 1") : done;
}

Done put(Database& db, const RoomAffiliationPut& put) {
  const RoomAffiliation& item = put.item;
  return db.run("INSERT OR REPLACE INTO room_affiliation (room, jid, affiliation, nick, reason) VALUES (?,?,?,?,?)",
                put.room, item.jid, std::int64_t{item.affiliation}, item.nick, item.reason);
}

Done put(Database& db, const RoomAffiliationDelete& gone) {
  return db.run("DELETE FROM room_affiliation WHERE room = ? AND jid = ?", gone.room, gone.jid);
}

Done put(Database& db, const RoomChangePut& put) {
  const RoomChange& change = put.change;
  auto done = db.run("INSERT OR REPLACE INTO room_change (room, number, jid, mark, open, places) VALUES (?,?,?,?,?,?)",
                     put.room, change.number, change.jid, change.mark, std::int64_t{change.open}, change.places);
  if (!done) return done;
  return db.run("DELETE FROM room_change WHERE room = ? AND number <= ?", put.room,
                change.number - RoomChangePut::kMost);
}

#define EXEDRA_TOKEN_VALUES "(?,?,?,?,?,?,?,?,?)"
constexpr std::string_view kInsertToken =
    "INSERT INTO token (time, caller, way, user, name, room, subject, moderator, expires) VALUES " EXEDRA_TOKEN_VALUES;

/// From the parameter `index` on; gives the one behind.
int bind_token(Statement& statement, int index, const TokenRecord& record) {
  const auto bind = [&](const auto&... values) { (statement.bind(index++, values), ...); };
  bind(record.time, record.caller, std::int64_t{record.way}, record.user, record.name, record.room, record.subject,
       std::int64_t{record.moderator}, record.expires);
  return index;
}

Done put(Database& db, const TokenIssued& issued) {
  auto statement = db.prepare(kInsertToken);
  if (!statement) return std::unexpected(statement.error());
  bind_token(*statement, 1, issued.record);
  return statement->run();
}

/// Tokens are issued by the dozen, and a statement for each takes longer.
constexpr std::size_t kTokensTogether = 16;

Done put_together(Database& db, std::span<const Row> tokens) {
  static const std::string kInsert = [] {
    std::string sql(kInsertToken);
    for (std::size_t i = 1; i < kTokensTogether; ++i) sql += "," EXEDRA_TOKEN_VALUES;
    return sql;
  }();
  auto statement = db.prepare(kInsert);
  if (!statement) return std::unexpected(statement.error());
  int index = 1;
  for (const Row& row : tokens) index = bind_token(*statement, index, std::get<TokenIssued>(row).record);
  return statement->run();
}

#undef EXEDRA_TOKEN_VALUES

Done put(Database& db, const TokenExpire& expire) {
  return db.run(
      "DELETE FROM token WHERE number IN"
      " (SELECT number FROM (SELECT number, time FROM token ORDER BY number LIMIT ?) WHERE time < ?)",
      TokenExpire::kMost, expire.before);
}

Done put(Database& db, const UploadPut& put) {
  const UploadRecord& record = put.record;
  return db.run(
      "INSERT INTO upload (id, owner, name, type, hash, bytes, purpose, created, expires) VALUES "
      "(?1,?2,?3,?4,?5,?6,?7,?8,"
      " CASE WHEN EXISTS (SELECT 1 FROM account WHERE owner = ?2) THEN ?9 ELSE 0 END)",
      record.id, record.owner, record.name, record.type, record.hash, record.bytes, std::int64_t{record.purpose},
      record.created, record.expires);
}

Done put(Database& db, const UploadWithdraw& gone) {
  return db.run("UPDATE upload SET expires = 0 WHERE id = ? AND owner = ?", gone.id, gone.owner);
}

Done put(Database& db, const UploadMention& mention) {
  return db.run(
      "INSERT OR IGNORE INTO upload_mention (owner, peer, message, upload) SELECT ?1, ?2, ?3, id FROM upload"
      " WHERE id = ?4 AND owner = ?1 AND (SELECT count(*) FROM upload_mention WHERE upload = ?4) < ?5",
      mention.owner, mention.peer, mention.message, mention.id, UploadMention::kMost);
}

Done put(Database& db, const UploadRetract& gone) {
  auto done = db.run(
      "UPDATE upload SET expires = 0 WHERE id IN"
      " (SELECT upload FROM upload_mention WHERE owner = ?1 AND peer = ?2 AND message = ?3)"
      " AND NOT EXISTS (SELECT 1 FROM upload_mention AS other WHERE other.upload = upload.id"
      " AND NOT (other.owner = ?1 AND other.peer = ?2 AND other.message = ?3))",
      gone.owner, gone.peer, gone.message);
  if (done)
    done = db.run("DELETE FROM upload_mention WHERE owner = ? AND peer = ? AND message = ?", gone.owner, gone.peer,
                  gone.message);
  return done;
}

Done put(Database& db, const UploadDelete& gone) {
  const std::int64_t counts = base::WallTime::duration(UploadDelete::kCounts).count();
  auto done = db.run("DELETE FROM upload_mention WHERE upload = ?", gone.id);
  if (done) done = db.run("DELETE FROM upload WHERE id = ?1 AND created + ?2 <= ?3", gone.id, counts, gone.now);
  if (done) done = db.run("UPDATE upload SET hash = '', expires = created + ?2 WHERE id = ?1", gone.id, counts);
  return done;
}

}  // namespace

base::Result<void> apply(Database& database, const Row& row) {
  return std::visit([&](const auto& value) { return put(database, value); }, row);
}

base::Result<std::size_t> apply_first(Database& database, std::span<const Row> rows) {
  const auto together = rows.first(std::min(rows.size(), kTokensTogether));
  const bool tokens = together.size() == kTokensTogether && std::ranges::all_of(together, [](const Row& row) {
                        return std::holds_alternative<TokenIssued>(row);
                      });
  const std::size_t count = tokens ? kTokensTogether : 1;
  auto done = tokens ? put_together(database, together) : apply(database, rows.front());
  if (!done) return std::unexpected(std::move(done.error()));
  return count;
}

std::string join(const std::vector<std::string>& texts) {
  std::string joined;
  for (const std::string& text : texts) joined.append(text).push_back('\0');
  return joined;
}

std::vector<std::string> split(std::string_view joined) {
  std::vector<std::string> texts;
  while (!joined.empty()) {
    const std::size_t end = joined.find('\0');
    texts.emplace_back(joined.substr(0, end));
    joined.remove_prefix(end == std::string_view::npos ? joined.size() : end + 1);
  }
  return texts;
}

}  // namespace store
