// From request to token: which claims, and why there is none.
#include "tokensvc/issue.h"

#include <gtest/gtest.h>

#include "town.h"

namespace tokensvc {
namespace {

Request juliet() { return {.user = {.id = "juliet", .name = "Juliet"}, .channel = "orchard"}; }

TEST(Issue, SubjectIsWhatIsNamed) {
  const auto subject = [](const std::string& tenant, const std::string& sub) {
    Request request = juliet();
    request.tenant = tenant;
    request.subject = sub;
    return claims_for(skotos(), request, kNow, kNow).subject;
  };
  EXPECT_EQ(subject("", ""), "meet.example.test");
  EXPECT_EQ(subject("verona", ""), "verona");
  EXPECT_EQ(subject("", "*"), "*");
  EXPECT_EQ(subject("verona", "*"), "*");
}

TEST(Issue, TellsTheClaims) {
  const Caller caller = skotos();
  Bucket bucket;
  const KeyRing keys = ring_of(key_of(Algorithm::eddsa));
  Desk desk(caller, bucket, keys);
  const auto issued = issue(desk, juliet(), kInstant);
  ASSERT_TRUE(issued);
  EXPECT_EQ(issued->claims.room, "orchard");
  EXPECT_EQ(issued->claims.expires, kNow + std::chrono::seconds(600));
  EXPECT_EQ(issued->token, *mint(keys.keys()[0], issued->claims)) << "EdDSA has one signature for a text";
}

TEST(Issue, WhatIsForbiddenCostsNoToken) {
  Caller caller = skotos();
  caller.rate = {.per_minute = 1, .burst = 1};
  caller.may_moderate = false;
  Bucket bucket;
  const KeyRing keys = ring_of(secret_key());
  Desk desk(caller, bucket, keys);
  Request request = juliet();
  request.moderator = true;
  EXPECT_EQ(issue(desk, request, kInstant).error().code, Code::forbidden);
  EXPECT_TRUE(issue(desk, juliet(), kInstant));
  const auto refused = issue(desk, juliet(), kInstant);
  EXPECT_EQ(refused.error().code, Code::rate_limited);
  EXPECT_EQ(refused.error().retry_after, std::chrono::seconds(60));
}

TEST(Issue, UnavailableWithoutAKeyThatSigns) {
  const Caller caller = skotos();
  Bucket bucket;
  const KeyRing keys =
      ring_of(std::move(*Key::from_public_pem(Algorithm::eddsa, "k", *key_of(Algorithm::eddsa).public_pem())));
  Desk desk(caller, bucket, keys);
  EXPECT_EQ(issue(desk, juliet(), kInstant).error().code, Code::unavailable);
}

}  // namespace
}  // namespace tokensvc
