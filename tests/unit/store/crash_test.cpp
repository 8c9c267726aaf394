// SECURITY R02, D02, N04: a process that dies at any write, files with any bit flipped, and what a removed account
// leaves on the disk.
#include <array>
#include <fstream>
#include <iterator>
#include <random>
#include <set>

#include "fixture.h"
#include "sim/faulty_vfs.h"
#include "store/apply.h"
#include "store/schema.h"

namespace store_test {
namespace {

using store::Reader;

std::string bytes_of(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

class CrashTest : public StoreTest {
 protected:
  CrashTest() { sim::register_faulty_vfs(); }
  ~CrashTest() override { sim::vfs_writes_left = sim::kUnlimited; }

  std::unique_ptr<store::Database> database() {
    auto opened = store::Database::open(path(), {.vfs = sim::kFaultyVfs});
    if (!opened) return nullptr;  // it died while it was opened
    return std::move(*opened);
  }
  void remove_files() {
    store.reset();
    for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(path() + suffix);
  }
  void keep(const std::string& copy) const {
    for (const char* suffix : {"", "-wal"}) {
      if (std::filesystem::exists(path() + suffix)) std::filesystem::copy(path() + suffix, copy + suffix);
    }
  }
  void bring_back(const std::string& copy) {
    remove_files();
    for (const char* suffix : {"", "-wal"}) {
      if (std::filesystem::exists(copy + suffix)) std::filesystem::copy(copy + suffix, path() + suffix);
    }
  }

  /// Runs `job` from the state kept in `copy` again and again, and lets it die at its first write, its second …, until
  /// it gets through. `look` judges what each start afterwards finds.
  template <class Job, class Look>
  int die_at_every_write(const std::string& copy, Job job, Look look) {
    for (int writes = 0;; ++writes) {
      bring_back(copy);
      sim::vfs_writes_left = writes;
      job();
      const bool through = sim::vfs_writes_left > 0;
      sim::vfs_writes_left = sim::kUnlimited;
      look(through);
      if (through || HasFailure()) return writes;
    }
  }
};

TEST_F(CrashTest, R02ASchemaChangeLeavesTheOldOrTheNewState) {
  // A wide table, so that the change takes several pages.
  constexpr std::array<const char*, 3> kSteps{
      "CREATE TABLE a (x, y)", "CREATE INDEX old ON a (x)",
      "CREATE TABLE b (x, y, z); INSERT INTO b SELECT x, y, 1 FROM a; DROP TABLE a; ALTER TABLE b RENAME TO a"};
  auto first = database();
  ASSERT_TRUE(first);
  ASSERT_TRUE(store::migrate(*first, std::span(kSteps).first(2)));
  for (int i = 0; i < 40; ++i) ASSERT_TRUE(first->run("INSERT INTO a VALUES (?, hex(zeroblob(500)))", std::int64_t{i}));
  first.reset();
  const std::string copy = directory / "old.db";
  keep(copy);
  std::set<std::int64_t> versions;
  const int writes = die_at_every_write(
      copy,
      [&] {
        if (auto dying = database()) (void)store::migrate(*dying, kSteps);
      },
      [&](bool) {
        const auto next = database();
        ASSERT_TRUE(next);
        ASSERT_TRUE(store::check_integrity(*next));
        const auto version = next->number("PRAGMA user_version").value();
        versions.insert(version);
        EXPECT_EQ(next->number("SELECT count(*) FROM a").value(), 40);
        EXPECT_EQ(next->number("SELECT count(*) FROM pragma_table_info('a')").value(), version);
        EXPECT_EQ(next->number("SELECT count(*) FROM sqlite_schema WHERE type = 'table'").value(), 1);
      });
  EXPECT_GT(writes, 5);
  EXPECT_EQ(versions, (std::set<std::int64_t>{2, 3}));
}

TEST_F(CrashTest, R02AFileOfVersionOneGetsTheRoomsOrStaysAsItWas) {
  auto first = database();
  ASSERT_TRUE(first);
  ASSERT_TRUE(store::migrate(*first, store::schema_steps().first(1)));
  ASSERT_TRUE(store::apply(*first, store::VcardPut{"a@b", "<vCard/>"}));
  first.reset();
  const std::string copy = directory / "version1.db";
  keep(copy);
  std::set<std::int64_t> versions;
  die_at_every_write(
      copy,
      [&] {
        if (auto dying = database()) (void)store::migrate(*dying, store::schema_steps().first(2));
      },
      [&](bool) {
        const auto version = database()->number("PRAGMA user_version").value();
        versions.insert(version);
        EXPECT_EQ(database()->number("SELECT count(*) FROM sqlite_schema WHERE name LIKE 'room%'").value(),
                  version == 1 ? 0 : 5);
        open();
        EXPECT_EQ(get([](Reader& r) { return r.vcard("a@b"); }), "<vCard/>");
        ASSERT_TRUE(put(store::RoomPut{{.room = "hall@c", .service = "c"}}));
      });
  EXPECT_EQ(versions, (std::set<std::int64_t>{1, 2}));
}

TEST_F(CrashTest, R02FoldingTheLogInLosesNothing) {
  open();
  for (int i = 1; i <= 30; ++i) ASSERT_TRUE(put(store::ArchivePut{archived("a@b", i)}));
  const std::string copy = directory / "logged.db";
  keep(copy);
  const int writes = die_at_every_write(
      copy,
      [&] {
        if (auto dying = database()) (void)dying->exec("PRAGMA wal_checkpoint(TRUNCATE)");
      },
      [&](bool) {
        open();
        EXPECT_EQ(get([](Reader& r) { return r.archive({.owner = "a@b", .max = 0}); }).total, 30);
      });
  EXPECT_GT(writes, 3);
}

TEST_F(CrashTest, R02ARemovalIsWholeOrNotAtAll) {
  open();
  for (int i = 1; i <= 30; ++i)
    ASSERT_TRUE(put(store::ArchivePut{archived("a@b", i)}, store::OfflinePut{{"a@b", i, at(1), "x"}}));
  const std::string copy = directory / "before.db";
  keep(copy);
  std::set<std::int64_t> left;
  die_at_every_write(
      copy,
      [&] {
        auto opened = store::Store::open(path(), {.vfs = sim::kFaultyVfs}, writing, reading);
        if (!opened) return;
        store = std::move(*opened);
        (void)put(store::AccountDelete{"a@b"});
        store.reset();
      },
      [&](bool) {
        open();
        const auto kept = get([](Reader& r) { return r.archive({.owner = "a@b", .max = 0}); }).total;
        EXPECT_EQ(get([](Reader& r) { return r.offline_count("a@b"); }), kept);
        left.insert(kept);
      });
  EXPECT_EQ(left, (std::set<std::int64_t>{0, 30}));
}

TEST_F(CrashTest, R02ARoomIsDestroyedWholeOrNotAtAll) {
  open();
  ASSERT_TRUE(put(store::RoomPut{{.room = "hall@c", .service = "c", .settings = std::string(3000, 's')}}));
  for (int i = 1; i <= 30; ++i) {
    ASSERT_TRUE(put(store::ArchivePut{archived("hall@c", i)},
                    store::RoomAffiliationPut{"hall@c", {std::to_string(i) + "@b", 2, "", ""}}));
  }
  const std::string copy = directory / "before.db";
  keep(copy);
  std::set<std::int64_t> left;
  die_at_every_write(
      copy,
      [&] {
        auto opened = store::Store::open(path(), {.vfs = sim::kFaultyVfs}, writing, reading);
        if (!opened) return;
        store = std::move(*opened);
        (void)put(store::RoomDelete{"hall@c"});
        store.reset();
      },
      [&](bool) {
        open();
        const auto kept = get([](Reader& r) { return r.archive({.owner = "hall@c", .max = 0}); }).total;
        const auto room = get([](Reader& r) { return r.room("hall@c"); });
        EXPECT_EQ(room ? std::ssize(room->affiliations) : 0, kept);
        left.insert(kept);
      });
  EXPECT_EQ(left, (std::set<std::int64_t>{0, 30}));
}

TEST_F(CrashTest, D02AnyFlippedBitsAreSurvived) {
  open();
  for (int i = 1; i <= 60; ++i) ASSERT_TRUE(put(store::ArchivePut{archived("a@b", i)}));
  store.reset();  // folded in
  open();
  for (int i = 61; i <= 80; ++i) ASSERT_TRUE(put(store::ArchivePut{archived("a@b", i)}));
  const std::string copy = directory / "sound.db";
  keep(copy);
  int opened_again = 0;
  for (unsigned seed = 0; seed < 100; ++seed) {
    SCOPED_TRACE(seed);
    bring_back(copy);
    std::mt19937 dice(seed);
    const std::string file = path() + (seed % 2 == 0 ? "-wal" : "");
    std::string bytes = bytes_of(file);
    for (unsigned flips = 1 + dice() % 3; flips > 0; --flips)
      bytes[dice() % bytes.size()] ^= static_cast<char>(1U << dice() % 8);
    std::ofstream(file, std::ios::binary) << bytes;
    auto opened = store::Store::open(path(), {}, writing, reading);
    if (!opened) {
      EXPECT_FALSE(opened.error().what.empty());
      continue;
    }
    ++opened_again;
    store = std::move(*opened);
    base::Result<void> outcome = put(store::ArchivePut{archived("a@b", 1000)});
    EXPECT_TRUE(outcome) << outcome.error().what;
    EXPECT_GT(get([](Reader& r) { return r.archive({.owner = "a@b", .max = 0}); }).total, 0);
    store.reset();
    for (int n = 1; n < 3; ++n) std::filesystem::remove(path() + ".damaged-" + std::to_string(n));
  }
  EXPECT_GT(opened_again, 90) << "all but those whose first page says that it is no database";
}

TEST_F(CrashTest, N04ABackupTakenAfterwardsHoldsNothingOfARemovedAccount) {
  open();
  const std::string secret = "it is the lark, the herald of the morn";
  for (int i = 1; i <= 50; ++i) {
    store::ArchiveRow row = archived("a@b", i);
    row.stanza = secret + std::to_string(i);
    ASSERT_TRUE(
        put(store::ArchivePut{row}, store::OfflinePut{{"a@b", i, at(1), secret}}, store::VcardPut{"a@b", secret}));
    ASSERT_TRUE(put(store::ArchivePut{archived("c@d", i)}));
  }
  const auto back_up = [&](const std::string& name) {
    base::Result<void> saved = base::failure("not answered");
    store->backup(directory / name, loop, [&](base::Result<void> result) { saved = std::move(result); });
    settle();
    EXPECT_TRUE(saved);
    return bytes_of(directory / name);
  };
  EXPECT_TRUE(back_up("before.db").contains(secret));
  ASSERT_TRUE(put(store::AccountDelete{"a@b"}));
  const std::string after = back_up("after.db");
  EXPECT_FALSE(after.contains(secret)) << "not even in the pages that are free now";
  EXPECT_TRUE(after.contains("<message id='50'/>"));
}

}  // namespace
}  // namespace store_test
