// Messages an hour, of the last day (XEP-0502).
#include "muc/activity.h"

#include <gtest/gtest.h>

#include <chrono>

namespace muc {
namespace {

using namespace std::chrono_literals;

const base::WallTime kStart = base::WallTime(1000h + 40min);

TEST(ActivityTest, CountsTheLastDay) {
  Activity activity(kStart);
  EXPECT_EQ(activity.per_hour(kStart), 0);
  EXPECT_TRUE(activity.count(kStart));
  EXPECT_FALSE(activity.count(kStart + 1min));
  EXPECT_EQ(activity.per_hour(kStart + 1min), 2) << "of an hour at least";
  EXPECT_TRUE(activity.count(kStart + 30min)) << "another hour";
  EXPECT_DOUBLE_EQ(activity.per_hour(kStart + 2h), 1.5);
  EXPECT_NEAR(activity.per_hour(kStart + 24h), 3.0 / 24, 0.01);
  EXPECT_NEAR(activity.per_hour(kStart + 25h), 1.0 / 24, 0.01);
  EXPECT_EQ(activity.per_hour(kStart + 26h), 0);
  EXPECT_EQ(activity.per_hour(kStart + 100'000h), 0);
}

TEST(ActivityTest, AClockThatGoesBackCountsOn) {
  Activity activity(kStart);
  activity.count(kStart);
  EXPECT_FALSE(activity.count(kStart - 5h));
  EXPECT_EQ(activity.per_hour(kStart - 5h), 2);
}

TEST(ActivityTest, ComesBackAsItWas) {
  Activity activity(kStart);
  for (int hour = 0; hour < 30; ++hour)
    for (int i = 0; i < hour; ++i) activity.count(kStart + hour * 1h);
  const auto now = kStart + 30h;
  EXPECT_DOUBLE_EQ(Activity::parse(activity.text(), now).per_hour(now), activity.per_hour(now));
  for (const char* text : {"", "x", "1 2 3", "99999999999999999999 1"})
    EXPECT_EQ(Activity::parse(text, now).text(), Activity(now).text()) << text;
}

}  // namespace
}  // namespace muc
