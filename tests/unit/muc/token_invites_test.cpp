// Tokens as a room keeps them (XEP-0488).
#include "muc/token_invites.h"

#include <gtest/gtest.h>

namespace muc {
namespace {

TEST(InviteToken, TextAndBack) {
  const InviteToken token{"lyQZ1RzacYTlf3svGODYq1xVabNnMc2x", 1'700'000'000, 5, "o neill\\20x@example.org"};
  const auto read = InviteToken::parse(token.to_text());
  ASSERT_TRUE(read);
  EXPECT_EQ(read->text, token.text);
  EXPECT_EQ(read->expires, token.expires);
  EXPECT_EQ(read->counter, token.counter);
  EXPECT_EQ(read->creator, token.creator);
}

TEST(InviteToken, WhatIsDamagedIsNone) {
  for (const char* text : {"", " ", "t", "t 1", "t 1 2", "t 1 2 ", "t x 2 a@b", "t 1 -2 a@b", " 1 2 a@b", "t 1 2x a@b"})
    EXPECT_FALSE(InviteToken::parse(text)) << text;
  EXPECT_TRUE(InviteToken::parse("t 1 2 a@b"));
}

}  // namespace
}  // namespace muc
