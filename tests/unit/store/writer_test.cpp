// Units: order, atomicity, group commit, failures that stay with the unit that caused them.
#include <algorithm>
#include <atomic>
#include <memory>

#include "fixture.h"
#include "sim/faulty_vfs.h"
#include "store/schema.h"

namespace store_test {
namespace {

using store::Reader;

class WriterTest : public StoreTest {
 protected:
  std::int64_t archive_size(const std::string& owner) {
    return get([=](Reader& r) { return r.archive({.owner = owner, .max = 0}); }).total;
  }
};

TEST_F(WriterTest, ThousandUnitsShareOneCommitAndOnePost) {
  auto database = store::Database::open(path(), {});
  ASSERT_TRUE(database);
  ASSERT_TRUE(store::migrate(**database));
  auto writer = std::make_shared<store::Writer>(
      std::move(*database), std::make_shared<store::Checkpointer>(path(), store::DatabaseOptions(), reading), writing,
      5000);
  std::vector<int> order;
  for (int i = 0; i < 1000; ++i) {
    auto unit = base::make_ref<store::Unit>();
    unit->add(store::ArchivePut{archived("a@b", i + 1)});
    writer->write(unit, loop, [&order, i](base::Result<void> result) {
      if (result) order.push_back(i);
    });
  }
  writing.run();
  EXPECT_EQ(writer->commits(), 1U);
  EXPECT_EQ(loop.posts, 1U);
  EXPECT_TRUE(order.empty());
  loop.run();
  ASSERT_EQ(order.size(), 1000U);
  EXPECT_TRUE(std::ranges::is_sorted(order));
}

TEST_F(WriterTest, LaterUnitsWin) {
  open();
  base::Result<void> first, second;
  give(first, store::VcardPut{"a@b", "1"});
  give(second, store::VcardPut{"a@b", "2"});
  settle();
  EXPECT_TRUE(first && second);
  EXPECT_EQ(get([](Reader& r) { return r.vcard("a@b"); }), "2");
}

TEST_F(WriterTest, FailingUnitLeavesNothingAndTakesNobodyDown) {
  open();
  base::Result<void> before, failing, after;
  give(before, store::ArchivePut{archived("a@b", 1)});
  give(failing, store::VcardPut{"a@b", "never"}, store::ArchivePut{archived("a@b", 1)});
  give(after, store::ArchivePut{archived("a@b", 2)});
  settle();
  EXPECT_TRUE(before);
  EXPECT_FALSE(failing);
  EXPECT_TRUE(after);
  EXPECT_FALSE(get([](Reader& r) { return r.vcard("a@b"); }));
  EXPECT_EQ(archive_size("a@b"), 2);
}

TEST_F(WriterTest, CancelledOfflineRowIsNotWritten) {
  open();
  auto cancelled = std::make_shared<store::Revocation>();
  auto kept = std::make_shared<store::Revocation>();
  base::Result<void> outcome;
  give(outcome, store::OfflinePut{{"a@b", 1, at(1), "x"}, cancelled}, store::OfflinePut{{"a@b", 2, at(1), "y"}, kept});
  cancelled->cancelled = true;
  settle();
  EXPECT_TRUE(outcome);
  const auto rows = get([](Reader& r) { return r.offline("a@b", 0, 10); });
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].id, 2);
  EXPECT_TRUE(kept->written);
  EXPECT_FALSE(cancelled->written);
}

TEST_F(WriterTest, ReadSeesUnitsGivenBefore) {
  open();
  base::Result<void> outcome;
  give(outcome, store::VcardPut{"a@b", "seen"});
  EXPECT_EQ(get([](Reader& r) { return r.vcard("a@b"); }), "seen");
}

TEST_F(WriterTest, FullQueueIsAnError) {
  open({.queue_units = 1});
  base::Result<void> first, second;
  give(first, store::VcardPut{"a@b", "1"});
  give(second, store::VcardPut{"a@b", "2"});
  settle();
  EXPECT_TRUE(first);
  ASSERT_FALSE(second);
  EXPECT_NE(second.error().what.find("full"), std::string::npos);
  EXPECT_TRUE(put(store::VcardPut{"a@b", "3"}));
}

class BrokenDiskTest : public WriterTest, public testing::WithParamInterface<int> {
 protected:
  void TearDown() override {
    sim::vfs_failure = SQLITE_OK;
    StoreTest::TearDown();
  }
};

TEST_P(BrokenDiskTest, ErrorWithoutFalseAckThenWorksAgain) {
  sim::register_faulty_vfs();
  open({.survive_power_cut = true, .vfs = sim::kFaultyVfs});
  ASSERT_TRUE(put(store::ArchivePut{archived("a@b", 1)}));
  sim::vfs_failure = GetParam();
  base::Result<void> one, two;
  give(one, store::ArchivePut{archived("a@b", 2)});
  give(two, store::ArchivePut{archived("a@b", 3)});
  settle();
  EXPECT_FALSE(one);
  EXPECT_FALSE(two);
  EXPECT_EQ(archive_size("a@b"), 1);
  sim::vfs_failure = SQLITE_OK;
  EXPECT_TRUE(put(store::ArchivePut{archived("a@b", 4)}));
  open({.vfs = sim::kFaultyVfs});
  EXPECT_EQ(get([](Reader& r) { return r.last_archive_id("a@b"); }), 4);
  EXPECT_EQ(archive_size("a@b"), 2);
}

INSTANTIATE_TEST_SUITE_P(Failures, BrokenDiskTest, testing::Values(SQLITE_FULL, SQLITE_IOERR_WRITE));

}  // namespace
}  // namespace store_test
