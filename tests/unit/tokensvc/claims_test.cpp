// What a token says, byte for byte.
#include "tokensvc/claims.h"

#include <gtest/gtest.h>

#include "town.h"

namespace tokensvc {
namespace {

constexpr const char* kGoldenPayload =
    R"({"aud":"jitsi","iss":"skotos","sub":"meet.example.test","room":"jitsi_chat_default","iat":1700000000,)"
    R"("nbf":1699999990,"exp":1700000600,"moderator":false,"context":{"user":{"id":"zelda","name":"Zelda",)"
    R"("affiliation":"member","moderator":false}}})";

Claims golden() {
  return {.issuer = "skotos",
          .subject = "meet.example.test",
          .room = "jitsi_chat_default",
          .issued = kNow,
          .expires = kNow + std::chrono::seconds(600),
          .user = {.id = "zelda", .name = "Zelda"}};
}

TEST(Claims, GoldenPayload) { EXPECT_EQ(payload(golden()), kGoldenPayload); }

TEST(Claims, GoldenToken) {
  const auto token = mint(secret_key(), golden());
  ASSERT_TRUE(token);
  EXPECT_EQ(token->size(), 405U);
  EXPECT_TRUE(token->starts_with("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9."));
  EXPECT_EQ(token->substr(token->rfind('.') + 1), "SKtaG7lA7BpBqZivQgwYZNH0TCsKkh1uLbvLt9D5lZk");
}

TEST(Claims, EverythingInItsOrder) {
  Claims claims = golden();
  claims.moderator = true;
  claims.user.email = "juliet@example.org";
  claims.user.avatar = "https://example.org/j.png";
  claims.group = "capulet";
  claims.tenant = "verona";
  claims.features = {{"recording", true}, {"livestreaming", false}};
  claims.room_is_pattern = true;
  const std::string text = payload(claims);
  EXPECT_EQ(text.substr(text.find(R"("moderator")")),
            R"("moderator":true,"context":{"user":{"id":"zelda","name":"Zelda","email":"juliet@example.org",)"
            R"("avatar":"https://example.org/j.png","affiliation":"owner","moderator":true},"group":"capulet",)"
            R"("tenant":"verona","features":{"recording":true,"livestreaming":false},"room":{"regex":true}}})");
}

TEST(Claims, FeaturesOnlyIfAskedFor) {
  Claims claims = golden();
  EXPECT_EQ(payload(claims).find("features"), std::string::npos);
  claims.features.emplace();
  EXPECT_NE(payload(claims).find(R"("features":{})"), std::string::npos);
}

TEST(Claims, NamesAreEscapedAndNeverThrow) {
  Claims claims = golden();
  claims.user.name = "a\"b\\c\xff";
  EXPECT_NE(payload(claims).find(R"("name":"a\"b\\c)"
                                 "\xef\xbf\xbd\""),
            std::string::npos);
}

}  // namespace
}  // namespace tokensvc
