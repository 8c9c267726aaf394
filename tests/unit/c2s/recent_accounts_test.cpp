// What is kept of accounts is found again until any account changes, and never grows beyond its bound.
#include "c2s/recent_accounts.h"

#include <gtest/gtest.h>

#include <string>

namespace c2s {
namespace {

constexpr std::string_view kJuliet = "juliet@example.test", kRomeo = "romeo@example.test";

RecentAccounts::Known with(const std::string& salt) {
  RecentAccounts::Known known;
  known.keys.salt = salt;
  return known;
}

std::string user(std::size_t number) { return "u" + std::to_string(number) + "@example.test"; }

TEST(RecentAccounts, FindsWhatIsAsNewAsTheStore) {
  RecentAccounts recent;
  EXPECT_EQ(recent.find(kJuliet, 0), nullptr);
  recent.keep(kJuliet, with("salt"), 4);
  ASSERT_NE(recent.find(kJuliet, 4), nullptr);
  EXPECT_EQ(recent.find(kJuliet, 4)->keys.salt, "salt");
  EXPECT_EQ(recent.find(kJuliet, 5), nullptr);
  EXPECT_EQ(recent.find(kRomeo, 4), nullptr);
}

TEST(RecentAccounts, TheNewerRecordTakesThePlaceOfTheOlder) {
  RecentAccounts recent;
  recent.keep(kJuliet, with("old"), 4);
  recent.keep(kJuliet, with("new"), 5);
  EXPECT_EQ(recent.find(kJuliet, 4), nullptr);
  ASSERT_NE(recent.find(kJuliet, 5), nullptr);
  EXPECT_EQ(recent.find(kJuliet, 5)->keys.salt, "new");
}

TEST(RecentAccounts, WhoWasNotAskedForLongestMakesRoom) {
  RecentAccounts recent;
  for (std::size_t i = 0; i < RecentAccounts::kMost; ++i) recent.keep(user(i), with("salt"), 0);
  ASSERT_NE(recent.find(user(0), 0), nullptr) << "asked for";
  recent.keep("another@example.test", with("salt"), 0);
  EXPECT_NE(recent.find("another@example.test", 0), nullptr);
  EXPECT_NE(recent.find(user(0), 0), nullptr);
  EXPECT_EQ(recent.find(user(1), 0), nullptr);
  EXPECT_NE(recent.find(user(2), 0), nullptr);
}

}  // namespace
}  // namespace c2s
