#include "muc/bucket.h"

#include <gtest/gtest.h>

namespace muc {
namespace {

using std::chrono::milliseconds;
constexpr base::MonoTime kStart{std::chrono::hours(5)};

TEST(BucketTest, PassesItsCapacityAtOnceThenItsRate) {
  Bucket bucket;
  int passed = 0;
  for (int i = 0; i < 100; ++i) passed += bucket.take(1, 10, 20, kStart) ? 1 : 0;
  EXPECT_EQ(passed, 20);
  for (int i = 1; i <= 1000; ++i) passed += bucket.take(1, 10, 20, kStart + milliseconds(10 * i)) ? 1 : 0;
  EXPECT_NEAR(passed, 20 + 100, 1);
}

// A stanza may be larger than what a second allows; what follows waits for it.
TEST(BucketTest, OneThatIsTooLargePassesAndIsWaitedFor) {
  Bucket bucket;
  EXPECT_TRUE(bucket.take(500, 100, 100, kStart));
  EXPECT_FALSE(bucket.take(1, 100, 100, kStart));
  EXPECT_FALSE(bucket.take(1, 100, 100, kStart + milliseconds(3900)));
  EXPECT_TRUE(bucket.take(1, 100, 100, kStart + milliseconds(4100)));
}

TEST(BucketTest, CanBeAskedBefore) {
  Bucket bucket;
  EXPECT_TRUE(bucket.has(500, 100, 100, kStart));
  EXPECT_TRUE(bucket.is_full(100, 100, kStart)) << "which takes nothing";
  EXPECT_TRUE(bucket.take(100, 100, 100, kStart));
  EXPECT_FALSE(bucket.has(1, 100, 100, kStart));
  EXPECT_TRUE(bucket.has(1, 100, 100, kStart + milliseconds(11)));
}

TEST(BucketTest, IsFullAgainWithTime) {
  Bucket bucket;
  EXPECT_TRUE(bucket.is_full(10, 20, kStart));
  EXPECT_TRUE(bucket.take(20, 10, 20, kStart));
  EXPECT_FALSE(bucket.is_full(10, 20, kStart + milliseconds(1900)));
  EXPECT_TRUE(bucket.is_full(10, 20, kStart + milliseconds(2100)));
}

}  // namespace
}  // namespace muc
