// The file: schema versions, damage, backup.
#include <array>
#include <fstream>

#include "fixture.h"
#include "store/apply.h"
#include "store/salvage.h"
#include "store/schema.h"
#include "store/wal_check.h"

namespace store_test {
namespace {

using store::Reader;

store::Room hall() {
  return {.room = "hall@c", .service = "c", .name = "hall", .settings = "<x/>", .subject = "feast"};
}

class FileTest : public StoreTest {
 protected:
  std::string refusal() {
    auto opened = store::Store::open(path(), {}, writing, reading);
    return opened ? "not refused" : opened.error().what;
  }
  static void overwrite(const std::string& file, std::int64_t at, const std::string& bytes) {
    std::fstream out(file, std::ios::in | std::ios::out | std::ios::binary);
    out.seekp(at);
    out << bytes;
  }
  std::unique_ptr<store::Database> database() {
    auto opened = store::Database::open(path(), {});
    EXPECT_TRUE(opened) << opened.error().what;
    return std::move(*opened);
  }
  /// Before there were rooms.
  void write_version_one() {
    auto db = database();
    ASSERT_TRUE(store::migrate(*db, store::schema_steps().first(1)));
    ASSERT_TRUE(store::apply(*db, store::VcardPut{"a@b", "<vCard/>"}));
    for (int i = 1; i <= 200; ++i) ASSERT_TRUE(store::apply(*db, store::ArchivePut{archived("a@b", i)}));
  }
  /// Spoils the page at which this table or index begins.
  void damage(const std::string& table) {
    auto root = database()->number("SELECT rootpage FROM sqlite_schema WHERE name = '" + table + "'");
    overwrite(path(), (root.value() - 1) * 4096 + 8, std::string(64, '\xee'));
  }
};

TEST_F(FileTest, NewFileGetsTheNewestVersion) {
  open();
  store.reset();
  EXPECT_EQ(database()->number("PRAGMA user_version").value(), std::ssize(store::schema_steps()));
  open();
}

TEST_F(FileTest, MigrationsRunOnceEachAndAFailedOneLeavesTheOldState) {
  auto db = database();
  constexpr std::array<const char*, 2> kGood{"CREATE TABLE a (x); INSERT INTO a VALUES (1)",
                                             "INSERT INTO a VALUES (2)"};
  constexpr std::array<const char*, 3> kBad{kGood[0], kGood[1],
                                            "INSERT INTO a VALUES (3); INSERT INTO missing VALUES (1)"};
  ASSERT_TRUE(store::migrate(*db, std::span(kGood).first(1)));
  ASSERT_TRUE(store::migrate(*db, kGood));
  EXPECT_EQ(db->number("SELECT sum(x) FROM a").value(), 3);
  EXPECT_FALSE(store::migrate(*db, kBad));
  EXPECT_EQ(db->number("SELECT sum(x) FROM a").value(), 3);
  EXPECT_EQ(db->number("PRAGMA user_version").value(), 2);
}

TEST_F(FileTest, AFileOfVersionOneKeepsItsRowsAndGetsTheRooms) {
  write_version_one();
  open();
  EXPECT_EQ(get([](Reader& r) { return r.vcard("a@b"); }), "<vCard/>");
  EXPECT_EQ(get([](Reader& r) { return r.last_archive_id("a@b"); }), 200);
  ASSERT_TRUE(put(store::RoomPut{hall()}));
  EXPECT_TRUE(get([](Reader& r) { return r.room("hall@c"); }));
  store.reset();
  EXPECT_EQ(database()->number("PRAGMA user_version").value(), std::ssize(store::schema_steps()));
}

TEST_F(FileTest, NewerSchemaIsRefused) {
  open();
  store.reset();
  ASSERT_TRUE(database()->exec("PRAGMA user_version = 99"));
  EXPECT_NE(refusal().find("schema version 99"), std::string::npos) << refusal();
}

TEST_F(FileTest, AnotherProgramsDatabaseIsRefused) {
  ASSERT_TRUE(database()->exec("CREATE TABLE theirs (x)"));
  EXPECT_NE(refusal().find("another program"), std::string::npos) << refusal();
}

TEST_F(FileTest, GarbageIsReported) {
  std::ofstream(path()) << std::string(10000, 'g');
  EXPECT_NE(refusal().find("not a database"), std::string::npos) << refusal();
  EXPECT_NE(refusal().find(path()), std::string::npos) << refusal();
}

// SECURITY D02: what is damaged is set aside and reported, the rest is kept.
TEST_F(FileTest, DamagedPagesAreSetAsideAndTheRestIsKept) {
  open();
  for (int i = 1; i <= 200; ++i) ASSERT_TRUE(put(store::ArchivePut{archived("a@b", i)}));
  ASSERT_TRUE(put(store::VcardPut{"a@b", "<vCard/>"}));
  ASSERT_TRUE(put(store::RoomPut{hall()}, store::RoomAffiliationPut{"hall@c", {"a@b", 4, "a", ""}}));
  store.reset();
  damage("archive");
  store::Options options;
  options.check = store::Check::always;
  open(options);
  EXPECT_EQ(get([](Reader& r) { return r.vcard("a@b"); }), "<vCard/>");
  const auto room = get([](Reader& r) { return r.room("hall@c"); });
  ASSERT_TRUE(room);
  EXPECT_EQ(room->room, hall());
  EXPECT_EQ(room->affiliations, (std::vector<store::RoomAffiliation>{{"a@b", 4, "a", ""}}));
  EXPECT_TRUE(std::filesystem::exists(path() + ".damaged-1"));
  ASSERT_TRUE(put(store::ArchivePut{archived("a@b", 500)}));
}

TEST_F(FileTest, RoomsOutliveTheirDamagedList) {
  open();
  ASSERT_TRUE(put(store::RoomPut{hall()}, store::RoomAffiliationPut{"hall@c", {"a@b", 4, "a", ""}}));
  store.reset();
  damage("room_listed");
  damage("room_affiliation_jid");
  const auto saved = store::salvage(path());
  ASSERT_TRUE(saved) << saved.error().what;
  EXPECT_EQ(saved->tables_cut, 0);
  open();
  EXPECT_EQ(get([](Reader& r) { return r.rooms_with("c", "a@b", 4); }), 1);
}

TEST_F(FileTest, WhatIsDamagedInAFileOfVersionOneIsSetAsideBeforeItGetsTheRooms) {
  write_version_one();
  damage("archive");
  const auto saved = store::salvage(path());
  ASSERT_TRUE(saved) << saved.error().what;
  EXPECT_EQ(saved->tables_cut, 1) << "a table that version 1 doesn't have is no loss";
  EXPECT_EQ(database()->number("PRAGMA user_version").value(), 1);
  open();
  EXPECT_EQ(get([](Reader& r) { return r.vcard("a@b"); }), "<vCard/>");
  ASSERT_TRUE(put(store::RoomPut{hall()}));
}

TEST_F(FileTest, AnEmptyFileBecomesANewDatabase) {
  std::ofstream(path()).close();
  open();
  ASSERT_TRUE(put(store::ArchivePut{archived("a@b", 1)}));
}

class WalTest : public FileTest {
 protected:
  /// A copy as kill -9 leaves it: twenty rows in the log, none folded in.
  std::string crash() {
    open();
    for (int i = 1; i <= 20; ++i) EXPECT_TRUE(put(store::ArchivePut{archived("a@b", i)}));
    const std::string crashed = directory / "crashed.db";
    std::filesystem::copy(path(), crashed);
    std::filesystem::copy(path() + "-wal", crashed + "-wal");
    return crashed;
  }
  std::int64_t last_id(const std::string& file) {
    auto opened = store::Store::open(file, {}, writing, reading);
    EXPECT_TRUE(opened) << opened.error().what;
    store = std::move(*opened);
    return get([](Reader& r) { return r.last_archive_id("a@b"); });
  }
};

TEST_F(WalTest, ASoundLogLosesNothing) {
  const std::string crashed = crash();
  EXPECT_FALSE(store::find_wal_damage(crashed));
  EXPECT_EQ(last_id(crashed), 20);
}

TEST_F(WalTest, ATornTailKeepsWhatWasCommittedBefore) {
  const std::string crashed = crash();
  std::filesystem::resize_file(crashed + "-wal", std::filesystem::file_size(crashed + "-wal") - 100);
  const auto damage = store::find_wal_damage(crashed);
  ASSERT_TRUE(damage);
  EXPECT_EQ(damage->lost_frames, 1U);
  EXPECT_EQ(last_id(crashed), 19);
}

TEST_F(WalTest, AFlippedBitIsReportedAndWhatStandsBeforeItIsKept) {
  const std::string crashed = crash();
  // The first half is the schema.
  const auto place = static_cast<std::int64_t>(std::filesystem::file_size(crashed + "-wal") * 3 / 4);
  overwrite(crashed + "-wal", place, "\x5a");
  const auto damage = store::find_wal_damage(crashed);
  ASSERT_TRUE(damage);
  EXPECT_GT(damage->lost_frames, 5U);
  const auto last = last_id(crashed);
  EXPECT_GT(last, 0);
  EXPECT_LT(last, 20);
}

TEST_F(FileTest, BackupDuringWritesIsOfOneInstant) {
  open();
  std::vector<base::Result<void>> results(60);
  base::Result<void> saved = base::failure("not answered");
  const std::string copy = directory / "copy.db";
  for (int i = 0; i < 60; ++i) {
    // Both rows are one unit, so a consistent copy holds as many of one kind as of the other.
    give(results[static_cast<std::size_t>(i)], store::ArchivePut{archived("a@b", i + 1)},
         store::OfflinePut{{"a@b", i + 1, at(1), "x"}});
    if (i == 30) store->backup(copy, loop, [&](base::Result<void> result) { saved = std::move(result); });
    if (i % 7 == 0) writing.run();
    if (i == 50) reading.run();
  }
  settle();
  ASSERT_TRUE(saved) << saved.error().what;
  EXPECT_FALSE(std::filesystem::exists(copy + ".part"));
  auto opened = store::Store::open(copy, {}, writing, reading);
  ASSERT_TRUE(opened) << opened.error().what;
  store = std::move(*opened);
  const auto rows = get([](Reader& r) { return r.last_archive_id("a@b"); });
  EXPECT_GE(rows, 31);
  EXPECT_EQ(get([](Reader& r) { return r.offline_count("a@b"); }), rows);
}

TEST_F(FileTest, BackupToNowhereIsAnError) {
  open();
  base::Result<void> saved;
  store->backup(directory / "missing" / "copy.db", loop, [&](base::Result<void> result) { saved = std::move(result); });
  settle();
  EXPECT_FALSE(saved);
}

}  // namespace
}  // namespace store_test
