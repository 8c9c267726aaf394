// Locked bytes are a copy of their own, and gone from where they were moved.
#include "tokensvc/locked.h"

#include <gtest/gtest.h>

#include <string>

namespace tokensvc {
namespace {

TEST(Locked, HoldsACopy) {
  std::string secret("with\0nul", 8);
  Locked locked(secret);
  secret[0] = 'x';
  EXPECT_EQ(locked.reveal(), std::string_view("with\0nul", 8));
  const Locked moved = std::move(locked);
  EXPECT_EQ(moved.reveal().size(), 8U);
  EXPECT_TRUE(locked.empty());  // NOLINT(bugprone-use-after-move)
  EXPECT_EQ(locked.reveal(), "");
  EXPECT_TRUE(Locked().empty());
  EXPECT_TRUE(Locked("").empty());
}

using LockedDeathTest = ::testing::Test;

TEST(LockedDeathTest, IsReadOnly) {
  const Locked locked("secret");
  EXPECT_DEATH(const_cast<char*>(locked.reveal().data())[0] = 'x', "");
}

}  // namespace
}  // namespace tokensvc
