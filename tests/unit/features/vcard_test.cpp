#include "features/vcard.h"

#include "account_fixture.h"

namespace features_test {
namespace {

class VcardTest : public FeatureTest {
 protected:
  VcardTest() : FeatureTest(features::add_vcard) {}
};

constexpr const char* kNone = "<vCard xmlns='vcard-temp'/>";
constexpr const char* kCard = "<vCard xmlns='vcard-temp'><FN>Juliet &amp; nurse</FN></vCard>";

TEST_F(VcardTest, EverybodySeesIt) {
  EXPECT_EQ(ask(kBalcony, kJuliet, "set", kCard), result());
  EXPECT_EQ(ask(kBalcony, kJuliet, "get", kNone), result(kCard));
  EXPECT_EQ(ask(kOrchard, kJuliet, "get", kNone), result(kCard));
  EXPECT_EQ(ask("paris@example.com/x", kJuliet, "get", kNone), result(kCard));
}

TEST_F(VcardTest, ANewOneReplacesTheOld) {
  ask(kBalcony, kJuliet, "set", kCard);
  ask(kBalcony, kJuliet, "set", "<vCard xmlns='vcard-temp'><FN>J</FN></vCard>");
  EXPECT_EQ(ask(kBalcony, kJuliet, "get", kNone), result("<vCard xmlns='vcard-temp'><FN>J</FN></vCard>"));
}

// Section 3.3: nobody finds out by it which accounts exist.
TEST_F(VcardTest, NoneLooksLikeNoAccount) {
  EXPECT_EQ(ask(kOrchard, kJuliet, "get", kNone), error("cancel", "service-unavailable"));
  EXPECT_EQ(ask(kBalcony, kJuliet, "get", kNone), error("cancel", "item-not-found"));
}

TEST_F(VcardTest, OnlyTheOwnerSets) { EXPECT_EQ(ask(kOrchard, kJuliet, "set", kCard), error("auth", "forbidden")); }

TEST_F(VcardTest, IsBounded) {
  const std::string large = "<vCard xmlns='vcard-temp'>" + std::string(limits.private_bytes, 'x') + "</vCard>";
  EXPECT_NE(ask(kBalcony, kJuliet, "set", large).find("policy-violation"), std::string::npos);
}

}  // namespace
}  // namespace features_test
