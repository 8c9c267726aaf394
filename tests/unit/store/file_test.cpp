// The file: schema versions, damage, backup.
#include <array>
#include <fstream>

#include "fixture.h"
#include "store/schema.h"
#include "store/wal_check.h"

namespace store_test {
namespace {

using store::Reader;

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
  store.reset();
  const auto root = database()->number("SELECT rootpage FROM sqlite_schema WHERE name = 'archive'").value();
  overwrite(path(), (root - 1) * 4096 + 8, std::string(64, '\xee'));
  store::Options options;
  options.check = store::Check::always;
  open(options);
  EXPECT_EQ(get([](Reader& r) { return r.vcard("a@b"); }), "<vCard/>");
  EXPECT_TRUE(std::filesystem::exists(path() + ".damaged-1"));
  ASSERT_TRUE(put(store::ArchivePut{archived("a@b", 500)}));
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
  const auto middle = static_cast<std::int64_t>(std::filesystem::file_size(crashed + "-wal") / 2);
  overwrite(crashed + "-wal", middle, "\x5a");
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
