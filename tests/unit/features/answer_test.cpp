// An answer says that something is kept, so it must not come before it is (docs/decisions/0002), nor at all if it isn't
// (SECURITY D01).
#include "features/answer.h"

#include "account_fixture.h"
#include "features/blocking.h"
#include "features/vcard.h"

namespace features_test {
namespace {

class Ticket final : public base::Held {
 public:
  explicit Ticket(bool& open) : open_(open) { open_ = true; }
  ~Ticket() override { open_ = false; }

 private:
  bool& open_;
};

class AnswerTest : public FeatureTest {
 protected:
  AnswerTest()
      : FeatureTest([](const features::Environment& environment) {
          features::add_blocking(environment);
          features::add_vcard(environment);
        }) {}
};

constexpr const char* kCard = "<vCard xmlns='vcard-temp'><FN>Romeo</FN></vCard>";
constexpr const char* kBlock = "<block xmlns='urn:xmpp:blocking'><item jid='paris@example.com'/></block>";
constexpr const char* kDisk = "internal-server-error";

TEST_F(AnswerTest, TheTicketIsHeldUntilTheCommit) {
  bool open = false;
  const std::string iq = std::string("<iq xmlns='jabber:client' id='q1' type='set'>") + kCard + "</iq>";
  router().post(packet(kOrchard, kRomeo, iq, base::make_ref<Ticket>(open)));
  world.settle();
  EXPECT_TRUE(open);
  EXPECT_TRUE(answers.empty());
  settle();
  EXPECT_EQ(answers, std::vector<std::string>{result()});
  EXPECT_FALSE(open);
}

TEST_F(AnswerTest, WhatWasNotKeptIsNotInForce) {
  sim::vfs_failure = SQLITE_FULL;
  EXPECT_EQ(ask(kOrchard, kRomeo, "set", kCard), error("wait", kDisk));
  EXPECT_EQ(ask(kOrchard, kRomeo, "set", kBlock), error("wait", kDisk));
  EXPECT_FALSE(points.hides_from.front()(romeo(), jid("paris@example.com")));
  sim::vfs_failure = SQLITE_OK;
  EXPECT_EQ(ask(kOrchard, kRomeo, "get", "<vCard xmlns='vcard-temp'/>"), error("cancel", "item-not-found"));
  EXPECT_EQ(ask(kOrchard, kRomeo, "set", kBlock), result());
  EXPECT_TRUE(points.hides_from.front()(romeo(), jid("paris@example.com")));
}

}  // namespace
}  // namespace features_test
