#include <gtest/gtest.h>

#include "base/base64.h"
#include "base/hex.h"
#include "base/random.h"
#include "base/secret.h"

namespace base {
namespace {

TEST(Base64, RoundTripsAndRefusesWhatRfc4648Refuses) {
  EXPECT_EQ(base64("fooba"), "Zm9vYmE=");
  EXPECT_EQ(from_base64("Zm9vYmE="), "fooba");
  EXPECT_EQ(from_base64(""), "");
  for (const char* bad : {"Zm9vYmE", "Zm9v YmE=", "Zm9vYm=E", "Zm-v", "====", "Zm9vYmE=x"})
    EXPECT_FALSE(from_base64(bad)) << bad;
}

TEST(Hex, HasTwoDigitsForEachByte) {
  EXPECT_EQ(hex(""), "");
  EXPECT_EQ(hex(std::string("\0\x09\xaf\xff", 4)), "0009afff");
}

TEST(Random, TokensAreLongAndDiffer) {
  const std::string a = system_random().token(), b = system_random().token();
  EXPECT_EQ(a.size(), 22u);
  EXPECT_NE(a, b);
}

TEST(Secret, ComparesByContentAndEmptiesTheMovedFrom) {
  EXPECT_TRUE(equal_secrets("abc", "abc"));
  EXPECT_FALSE(equal_secrets("abc", "abd"));
  EXPECT_FALSE(equal_secrets("abc", "ab"));
  Secret a("hunter2");
  const Secret b(std::move(a));
  EXPECT_EQ(b.reveal(), "hunter2");
  EXPECT_TRUE(a.empty());  // NOLINT(bugprone-use-after-move): that it is empty is the contract
}

}  // namespace
}  // namespace base
