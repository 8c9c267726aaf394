#include "store/schema.h"

#include <array>
#include <string>

namespace store {
namespace {

// archive and offline: a rowid table and a narrow unique index writes two to three times as fast as
// WITHOUT ROWID, because new rows are appended. Small tables that are read as a whole are clustered.
constexpr const char* kFirst = R"sql(
CREATE TABLE account (owner TEXT PRIMARY KEY, local TEXT NOT NULL, host TEXT NOT NULL, disabled INTEGER NOT NULL)
  WITHOUT ROWID;
CREATE UNIQUE INDEX account_host ON account (host, local);
CREATE TABLE scram (owner TEXT, hash INTEGER, salt BLOB NOT NULL, iterations INTEGER NOT NULL,
  stored_key BLOB NOT NULL, server_key BLOB NOT NULL, PRIMARY KEY (owner, hash)) WITHOUT ROWID;
CREATE TABLE roster (owner TEXT, jid TEXT, name TEXT NOT NULL, subscription INTEGER NOT NULL, ask INTEGER NOT NULL,
  approved INTEGER NOT NULL, groups BLOB NOT NULL, PRIMARY KEY (owner, jid)) WITHOUT ROWID;
CREATE TABLE roster_version (owner TEXT PRIMARY KEY, version INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE subscription_request (owner TEXT, jid TEXT, stanza BLOB NOT NULL, PRIMARY KEY (owner, jid));
CREATE TABLE blocklist (owner TEXT, jid TEXT, PRIMARY KEY (owner, jid)) WITHOUT ROWID;
CREATE TABLE private_xml (owner TEXT, ns TEXT, name TEXT, xml BLOB NOT NULL, PRIMARY KEY (owner, ns, name));
CREATE TABLE vcard (owner TEXT PRIMARY KEY, xml BLOB NOT NULL);
CREATE TABLE archive (number INTEGER PRIMARY KEY, owner TEXT NOT NULL, id INTEGER NOT NULL, peer TEXT NOT NULL,
  direction INTEGER NOT NULL, time INTEGER NOT NULL, hints INTEGER NOT NULL, stanza BLOB NOT NULL);
CREATE UNIQUE INDEX archive_owner ON archive (owner, id);
CREATE TABLE archive_prefs (owner TEXT PRIMARY KEY, otherwise INTEGER NOT NULL, always BLOB NOT NULL,
  never BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE offline (number INTEGER PRIMARY KEY, owner TEXT NOT NULL, id INTEGER NOT NULL, time INTEGER NOT NULL,
  stanza BLOB NOT NULL);
CREATE UNIQUE INDEX offline_owner ON offline (owner, id);
CREATE TABLE last_activity (owner TEXT PRIMARY KEY, time INTEGER NOT NULL, status TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE sm_mark (sm_id TEXT PRIMARY KEY, owner TEXT NOT NULL, h INTEGER NOT NULL, time INTEGER NOT NULL)
  WITHOUT ROWID;
CREATE INDEX sm_mark_owner ON sm_mark (owner);
)sql";

// A page of a service's list needs its listed rooms in order; the affiliations' second index carries their room too,
// as that is part of the primary key.
constexpr const char* kRooms = R"sql(
CREATE TABLE room (room TEXT PRIMARY KEY, service TEXT NOT NULL, created INTEGER NOT NULL, name TEXT NOT NULL,
  listed INTEGER NOT NULL, temporary INTEGER NOT NULL, settings BLOB NOT NULL, subject BLOB NOT NULL, archive_from INTEGER NOT NULL);
CREATE INDEX room_listed ON room (service, room) WHERE listed = 1;
CREATE INDEX room_temporary ON room (room) WHERE temporary = 1;
CREATE TABLE room_affiliation (room TEXT, jid TEXT, affiliation INTEGER NOT NULL, nick TEXT NOT NULL,
  reason TEXT NOT NULL, PRIMARY KEY (room, jid)) WITHOUT ROWID;
CREATE INDEX room_affiliation_jid ON room_affiliation (jid, affiliation);
)sql";

// Of few archives: the walk over all of them looks into it for each.
constexpr const char* kLimits = R"sql(
CREATE TABLE archive_limit (owner TEXT PRIMARY KEY, days INTEGER NOT NULL, messages INTEGER NOT NULL,
  bytes INTEGER NOT NULL) WITHOUT ROWID;
)sql";

constexpr const char* kRoomChanges = R"sql(
CREATE TABLE room_change (room TEXT, number INTEGER, jid TEXT NOT NULL, mark TEXT NOT NULL, open INTEGER NOT NULL,
  places INTEGER NOT NULL, PRIMARY KEY (room, number)) WITHOUT ROWID;
)sql";

// One row for each token that was handed out, in the order of time: no index, so that a row costs an append only.
constexpr const char* kTokens = R"sql(
CREATE TABLE token (number INTEGER PRIMARY KEY, time INTEGER NOT NULL, caller TEXT NOT NULL, way INTEGER NOT NULL,
  user TEXT NOT NULL, name TEXT NOT NULL, room TEXT NOT NULL, subject TEXT NOT NULL, moderator INTEGER NOT NULL,
  expires INTEGER NOT NULL);
)sql";

// Of few and short-lived rows: what remote domains have not acknowledged. Appended, as offline is.
constexpr const char* kSpool = R"sql(
CREATE TABLE spool (number INTEGER PRIMARY KEY, remote TEXT NOT NULL, id INTEGER NOT NULL, local TEXT NOT NULL,
  time INTEGER NOT NULL, deadline INTEGER NOT NULL, stanza BLOB NOT NULL);
CREATE UNIQUE INDEX spool_remote ON spool (remote, id);
)sql";

constexpr const char* kPins = R"sql(
CREATE TABLE pin (remote TEXT PRIMARY KEY, key TEXT NOT NULL, since INTEGER NOT NULL) WITHOUT ROWID;
)sql";

// What expires is found by its time, and what a file on disk is good for by its hash.
constexpr const char* kUploads = R"sql(
CREATE TABLE upload (id TEXT PRIMARY KEY, owner TEXT NOT NULL, name TEXT NOT NULL, type TEXT NOT NULL,
  hash TEXT NOT NULL, bytes INTEGER NOT NULL, purpose INTEGER NOT NULL, created INTEGER NOT NULL,
  expires INTEGER NOT NULL, message TEXT NOT NULL DEFAULT '') WITHOUT ROWID;
CREATE INDEX upload_owner ON upload (owner, created);
CREATE INDEX upload_expires ON upload (expires);
CREATE INDEX upload_hash ON upload (hash);
)sql";

// A file may be spoken of to several people, and numbers of messages are their conversation's only.
constexpr const char* kUploadMentions = R"sql(
CREATE TABLE upload_mention (owner TEXT NOT NULL, peer TEXT NOT NULL, message TEXT NOT NULL, upload TEXT NOT NULL,
  PRIMARY KEY (owner, peer, message, upload)) WITHOUT ROWID;
CREATE INDEX upload_mention_upload ON upload_mention (upload);
ALTER TABLE upload DROP COLUMN message;
)sql";

constexpr std::array kSteps{kFirst, kRooms, kLimits, kRoomChanges, kTokens, kSpool, kPins, kUploads, kUploadMentions};

base::Result<void> migrate_one(Database& database, const char* step, std::int64_t version) {
  auto done = database.exec("BEGIN IMMEDIATE");
  if (done) done = database.exec(step);
  if (done) done = database.exec("PRAGMA user_version = " + std::to_string(version));
  if (done) done = database.exec("COMMIT");
  if (!done) {
    database.rollback();
    return std::unexpected(done.error().in("migrating to schema version " + std::to_string(version)));
  }
  return {};
}

}  // namespace

std::span<const char* const> schema_steps() { return kSteps; }

base::Result<void> migrate(Database& database, std::span<const char* const> steps) {
  auto version = database.number("PRAGMA user_version");
  if (!version) return std::unexpected(version.error().in("reading the schema version"));
  const auto known = static_cast<std::int64_t>(steps.size());
  if (*version > known || *version < 0) {
    return base::failure("the database has schema version " + std::to_string(*version) + ", this server knows up to " +
                         std::to_string(known) + "; start the server version that wrote it, or restore a backup");
  }
  if (*version == 0) {
    auto tables = database.number("SELECT count(*) FROM sqlite_schema");
    if (!tables) return std::unexpected(tables.error().in("reading the tables"));
    if (*tables != 0) return base::failure("the file is a database of another program; name another file");
  }
  for (std::int64_t next = *version; next < known; ++next) {
    if (auto done = migrate_one(database, steps[static_cast<std::size_t>(next)], next + 1); !done) return done;
  }
  return {};
}

base::Result<void> check_integrity(Database& database) {
  auto statement = database.prepare("PRAGMA quick_check(1)");
  if (!statement) return std::unexpected(statement.error().in("checking integrity"));
  auto row = statement->step();
  if (!row) return std::unexpected(row.error().in("checking integrity"));
  const std::string verdict = *row ? statement->text(0) : "no verdict";
  if (verdict == "ok") return {};
  return base::failure("the database is damaged: " + verdict);
}

}  // namespace store
