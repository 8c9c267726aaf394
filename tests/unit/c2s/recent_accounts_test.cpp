// What is kept of accounts is found again until any account changes, and never grows beyond its bound.
#include "c2s/recent_accounts.h"

#include <gtest/gtest.h>

#include <string>

namespace c2s {
namespace {

store::Account account(const std::string& local, const std::string& salt = "salt") {
  return {.local = local, .host = "example.test", .disabled = false, .keys = {{.salt = salt}}};
}

TEST(RecentAccounts, FindsWhatIsAsNewAsTheStore) {
  RecentAccounts recent;
  EXPECT_EQ(recent.find("juliet@example.test", 0), nullptr);
  recent.keep(account("juliet"), 4);
  ASSERT_NE(recent.find("juliet@example.test", 4), nullptr);
  EXPECT_EQ(*recent.find("juliet@example.test", 4), account("juliet"));
  EXPECT_EQ(recent.find("juliet@example.test", 5), nullptr);
  EXPECT_EQ(recent.find("romeo@example.test", 4), nullptr);
}

TEST(RecentAccounts, TheNewerRecordTakesThePlaceOfTheOlder) {
  RecentAccounts recent;
  recent.keep(account("juliet", "old"), 4);
  recent.keep(account("juliet", "new"), 5);
  EXPECT_EQ(recent.find("juliet@example.test", 4), nullptr);
  ASSERT_NE(recent.find("juliet@example.test", 5), nullptr);
  EXPECT_EQ(recent.find("juliet@example.test", 5)->keys.front().salt, "new");
}

TEST(RecentAccounts, WhoWasNotAskedForLongestMakesRoom) {
  RecentAccounts recent;
  for (std::size_t i = 0; i < RecentAccounts::kMost; ++i) recent.keep(account("u" + std::to_string(i)), 0);
  ASSERT_NE(recent.find("u0@example.test", 0), nullptr) << "asked for";
  recent.keep(account("another"), 0);
  EXPECT_NE(recent.find("another@example.test", 0), nullptr);
  EXPECT_NE(recent.find("u0@example.test", 0), nullptr);
  EXPECT_EQ(recent.find("u1@example.test", 0), nullptr);
  EXPECT_NE(recent.find("u2@example.test", 0), nullptr);
}

}  // namespace
}  // namespace c2s
