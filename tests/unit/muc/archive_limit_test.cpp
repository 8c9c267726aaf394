// How much of a room's archive goes where only so many messages are kept.
#include "muc/archive_limit.h"

#include "unit/store/fixture.h"

namespace muc {
namespace {

using store_test::archived;
using store_test::at;

class ArchiveLimitTest : public store_test::StoreTest {
 protected:
  void SetUp() override {
    StoreTest::SetUp();
    open();
    for (std::int64_t id = 1; id <= 20; ++id) {
      ASSERT_TRUE(put(store::ArchivePut{archived("hall@c", id)}, store::ArchivePut{archived("other@c", id)}));
    }
  }
  std::optional<base::WallTime> end(std::int64_t behind, std::size_t keep, std::size_t step) {
    return get([=](store::Reader& reader) { return end_of_excess(reader, "hall@c", behind, keep, step); });
  }
};

TEST_F(ArchiveLimitTest, TellsWhereTheNewestBegin) {
  EXPECT_EQ(end(0, 20, 256), std::nullopt);
  EXPECT_EQ(end(0, 100, 256), std::nullopt);
  EXPECT_EQ(end(0, 19, 256), at(11)) << "the first goes";
  EXPECT_EQ(end(0, 5, 256), at(151));
  EXPECT_EQ(end(0, 5, 10), at(101)) << "in steps";
  EXPECT_EQ(end(10, 10, 256), std::nullopt) << "what an earlier room left isn't counted";
  EXPECT_EQ(end(10, 9, 256), at(111));
}

TEST_F(ArchiveLimitTest, JustSoManyStay) {
  ASSERT_TRUE(put(store::ArchiveExpire{.owner = "hall@c", .before = *end(0, 5, 256)}));
  EXPECT_EQ(end(0, 5, 256), std::nullopt);
  EXPECT_NE(end(0, 4, 256), std::nullopt);
}

}  // namespace
}  // namespace muc
