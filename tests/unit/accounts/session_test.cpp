// Binding, sending and receiving through the whole of accounts/.
#include "fixture.h"

namespace accounts_test {
namespace {

class SessionTest : public HouseTest {};

TEST_P(SessionTest, BindsTheWantedOrARandomResource) {
  const auto wanted = house.bind("romeo@example.org/orchard");
  EXPECT_EQ(wanted->jid.str(), "romeo@example.org/orchard");
  const auto random = house.bind("romeo@example.org");
  EXPECT_GE(random->jid.resource().size(), 8u);
}

TEST_P(SessionTest, RefusesWhoIsNotThere) {
  house.add_account("tybalt", true);
  EXPECT_EQ(house.bind("tybalt@example.org/a")->refused, "not-authorized");
  EXPECT_EQ(house.bind("nobody@example.org/a")->refused, "not-authorized");
  EXPECT_EQ(house.owner(jid("nobody@example.org")).account(jid("nobody@example.org")), nullptr);
}

TEST_P(SessionTest, TheNewerSessionOfAResourceWins) {
  const auto old = house.login("romeo@example.org/orchard");
  const auto fresh = house.bind("romeo@example.org/orchard");
  EXPECT_EQ(old->closed, "conflict");
  EXPECT_NE(fresh->id, router::SessionId::none);
}

TEST_P(SessionTest, AMessageReachesTheOtherWithStampedSender) {
  const auto romeo = house.login("romeo@example.org/orchard");
  const auto juliet = house.login("juliet@example.org/balcony");
  house.send(*romeo, "<message to='juliet@example.org' type='chat' id='m1'><body>hi</body></message>");
  EXPECT_EQ(juliet->take(), (Texts{"<message from='romeo@example.org/orchard' to='juliet@example.org' type='chat' "
                                   "id='m1'><body>hi</body></message>"}));
  EXPECT_EQ(romeo->complete, 2u);
}

TEST_P(SessionTest, AMessageToNobodyIsAnswered) {
  const auto romeo = house.login("romeo@example.org/orchard");
  house.send(*romeo, "<message to='nobody@example.org' id='m1'><body>hi</body></message>");
  ASSERT_EQ(romeo->got.size(), 1u);
  EXPECT_EQ(count_with(romeo->got, "service-unavailable"), 1u);
  EXPECT_EQ(house.owner(jid("nobody@example.org")).account(jid("nobody@example.org")), nullptr);
}

TEST_P(SessionTest, OneMayNotSpeakInAnothersName) {
  const auto romeo = house.login("romeo@example.org/orchard");
  house.send(*romeo, "<message from='romeo@example.org' to='juliet@example.org' id='m1'/>");
  EXPECT_EQ(romeo->closed, "");
  house.send(*romeo, "<message from='juliet@example.org' to='mercutio@example.org' id='m2'/>");
  EXPECT_EQ(romeo->closed, "invalid-from");
}

struct Refused {
  const char* stanza;
  const char* condition;  ///< empty: no answer
};

TEST_P(SessionTest, AnswersWhatItCannotRead) {
  const auto romeo = house.login("romeo@example.org/orchard");
  const Refused kRows[] = {
      {"<iq id='1'/>", "bad-request"},
      {"<iq type='get' id='1'/>", "bad-request"},
      {"<iq type='get'><a xmlns='b'/></iq>", "bad-request"},
      {"<iq type='set' id='1'><a xmlns='b'/><a xmlns='b'/></iq>", "bad-request"},
      {"<iq type='what' id='1'><a xmlns='b'/></iq>", "bad-request"},
      {"<presence type='what'/>", "bad-request"},
      {"<presence><priority>128</priority></presence>", "bad-request"},
      {"<presence><priority>x</priority></presence>", "bad-request"},
      {"<message to='a@@b/' id='1'/>", "jid-malformed"},
      {"<message to='' id='1'/>", "jid-malformed"},
      {"<iq type='get' id='1' to='example.org'><a xmlns='b'/></iq>", "service-unavailable"},
      {"<iq type='get' id='1'><a xmlns='b'/></iq>", "service-unavailable"},
      {"<iq type='set' id='1' to='juliet@example.org'><query xmlns='jabber:iq:roster'/></iq>", "forbidden"},
      {"<iq type='result' id='1'/>", ""},
      {"<iq type='result' id='1'><a xmlns='b'/><a xmlns='b'/></iq>", ""},
      {"<iq type='error' id='1' to='example.org'/>", ""},
      {"<message type='error' to='nobody@example.org'/>", ""},
  };
  std::uint32_t complete = romeo->complete;
  for (const Refused& row : kRows) {
    house.send(*romeo, row.stanza);
    const Texts got = romeo->take();
    EXPECT_EQ(got.size(), *row.condition == '\0' ? 0u : 1u) << row.stanza;
    EXPECT_EQ(count_with(got, row.condition), got.size()) << row.stanza;
    EXPECT_EQ(romeo->complete, ++complete) << row.stanza;
  }
}

TEST_P(SessionTest, ABoundSessionGetsNoSecondResource) {
  const auto romeo = house.login("romeo@example.org/orchard");
  for (const char* to : {"", " to='example.org'"}) {
    const std::string iq = "<iq type='set' id='b'" + std::string(to) + ">";
    house.send(*romeo, iq + "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>");
    EXPECT_EQ(count_with(romeo->take(), "<not-allowed"), 1u) << to;
    house.send(*romeo, iq + "<session xmlns='urn:ietf:params:xml:ns:xmpp-session'/></iq>");
    EXPECT_EQ(count_with(romeo->take(), "type='result'"), 1u) << to;
  }
}

TEST_P(SessionTest, OrderBetweenTwoIsKept) {
  const auto romeo = house.login("romeo@example.org/orchard");
  const auto juliet = house.login("juliet@example.org/balcony");
  for (int i = 0; i < 20; ++i) {
    const char* to = i % 2 == 0 ? "juliet@example.org" : "juliet@example.org/balcony";
    house.submit(*romeo, "<message to='" + std::string(to) + "' type='chat' id='m" + std::to_string(i) + "'/>");
  }
  house.settle();
  ASSERT_EQ(juliet->got.size(), 20u);
  for (std::size_t i = 0; i < 20; ++i)
    EXPECT_TRUE(juliet->got[i].contains("id='m" + std::to_string(i) + "'")) << juliet->got[i];
}

EXEDRA_BOTH_SIZES(SessionTest);

}  // namespace
}  // namespace accounts_test
