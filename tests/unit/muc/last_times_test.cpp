// Who has to wait how long, and that nobody makes the list of them endless.
#include "muc/last_times.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace muc {
namespace {

using namespace std::chrono_literals;

const base::MonoTime kStart{};

xmpp::Jid person(int number) { return *xmpp::Jid::make("p" + std::to_string(number), "example.org"); }

TEST(LastTimesTest, WhoDidItWaits) {
  LastTimes times;
  EXPECT_LE(times.left(person(1), 20s, kStart), 0s);
  times.note(person(1), 20s, kStart);
  EXPECT_EQ(times.left(person(1), 20s, kStart + 5s), 15s);
  EXPECT_LE(times.left(person(2), 20s, kStart + 5s), 0s);
  EXPECT_LE(times.left(person(1), 20s, kStart + 20s), 0s);
  times.note(person(1), 20s, kStart + 20s);
  EXPECT_EQ(times.left(person(1), 20s, kStart + 20s), 20s);
}

TEST(LastTimesTest, WhoMayDoItAgainIsForgotten) {
  LastTimes times;
  for (int i = 0; i < 5000; ++i) times.note(person(i), 1s, kStart + i * 1s);
  EXPECT_LE(times.size(), 64U);
}

TEST(LastTimesTest, OfTooManyTheOldestIsForgotten) {
  LastTimes times;
  constexpr int kMost = static_cast<int>(LastTimes::kMost);
  for (int i = 0; i <= kMost; ++i) times.note(person(i), 24h, kStart + i * 1ms);
  EXPECT_EQ(times.size(), LastTimes::kMost);
  EXPECT_LE(times.left(person(0), 24h, kStart + 1h), 0s);
  EXPECT_GT(times.left(person(1), 24h, kStart + 1h), 0s);
  EXPECT_GT(times.left(person(kMost), 24h, kStart + 1h), 0s);
}

}  // namespace
}  // namespace muc
