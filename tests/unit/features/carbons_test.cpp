#include "features/carbons.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "features/hints.h"
#include "unit/features/household.h"

namespace features {
namespace {

using features_test::Account;
using features_test::jid;
using features_test::Session;

constexpr const char* kEnable = "<iq type='set' id='e'><enable xmlns='urn:xmpp:carbons:2'/></iq>";

class CarbonsTest : public features_test::Household {
 protected:
  void SetUp() override {
    Household::SetUp();
    const Environment environment{router(), registry, points, *this, *store, random};
    add_hints(environment);
    add_carbons(environment);
    registry.freeze();
    romeo_ = &open("romeo@example.org");
    phone_ = &romeo_->bind("phone");
    home_ = &romeo_->bind("home");
    submit(*phone_, kEnable);
    phone_->take();
  }
  /// What the phone gets when the other client takes part in this message.
  std::vector<std::string> copies_of_sent(const std::string& xml) {
    submit(*home_, xml);
    return phone_->take();
  }
  std::vector<std::string> copies_of_received(const std::string& xml, const std::string& to = "/home",
                                              const std::string& from = "juliet@example.net/balcony") {
    arrive(from, "romeo@example.org" + to, xml);
    return phone_->take();
  }

  Account* romeo_ = nullptr;
  Session* phone_ = nullptr;
  Session* home_ = nullptr;
};

TEST_F(CarbonsTest, AnErrorIsCopiedIfTheMessageItAnswersWas) {
  const std::string error = "<error type='cancel'><gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>";
  const auto copies = [&](const std::string& id, const std::string& from) {
    return copies_of_received("<message type='error' id='" + id + "'>" + error + "</message>", "/home", from).size();
  };
  copies_of_sent("<message to='juliet@example.net' type='chat' id='1'><body>hi</body></message>");
  copies_of_sent("<message to='juliet@example.net' type='headline' id='2'><body>hi</body></message>");
  copies_of_sent("<message to='juliet@example.net' type='chat'><body>hi</body></message>");
  EXPECT_EQ(copies("1", "juliet@example.net/balcony"), 1u);
  EXPECT_EQ(copies("1", "juliet@example.net"), 1u);
  EXPECT_EQ(copies("2", "juliet@example.net"), 0u) << "it was not copied";
  EXPECT_EQ(copies("3", "juliet@example.net"), 0u) << "it was never sent";
  EXPECT_EQ(copies("1", "mercutio@example.net"), 0u) << "nor to him";
  EXPECT_EQ(copies("", "juliet@example.net"), 0u);
  for (int i = 0; i < 32; ++i)
    copies_of_sent("<message to='nurse@example.net' type='chat' id='n" + std::to_string(i) +
                   "'><body>hi</body></message>");
  EXPECT_EQ(copies("1", "juliet@example.net"), 0u) << "too long ago";
  EXPECT_EQ(copies("n0", "nurse@example.net"), 1u);
}

TEST_F(CarbonsTest, WhatOneClientSendsTheOtherSees) {
  const auto got = copies_of_sent("<message to='juliet@example.net' type='chat' id='1'><body>hi</body></message>");
  ASSERT_EQ(got.size(), 2u);
  EXPECT_TRUE(got[1].contains("<remote-server-not-found")) << "nobody here serves that domain";
  EXPECT_EQ(got[0],
            "<message from='romeo@example.org' to='romeo@example.org/phone' type='chat'>"
            "<sent xmlns='urn:xmpp:carbons:2'><forwarded xmlns='urn:xmpp:forward:0'>"
            "<message xmlns='jabber:client' from='romeo@example.org/home' to='juliet@example.net' type='chat' id='1'>"
            "<body>hi</body></message></forwarded></sent></message>");
  for (const std::string& text : home_->take()) EXPECT_EQ(text.find("urn:xmpp:carbons:2"), std::string::npos);
}

TEST_F(CarbonsTest, WhatOneClientGetsTheOtherSees) {
  const auto got = copies_of_received("<message type='chat'><body>hi</body></message>");
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got[0],
            "<message from='romeo@example.org' to='romeo@example.org/phone' type='chat'>"
            "<received xmlns='urn:xmpp:carbons:2'><forwarded xmlns='urn:xmpp:forward:0'>"
            "<message xmlns='jabber:client' from='juliet@example.net/balcony' to='romeo@example.org/home' type='chat'>"
            "<body>hi</body></message></forwarded></received></message>");
  EXPECT_EQ(home_->take().size(), 1u);
}

TEST_F(CarbonsTest, WhoGotTheMessageGetsNoCopy) {
  const auto got = copies_of_received("<message type='chat'><body>hi</body></message>", "");
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got[0].find("urn:xmpp:carbons:2"), std::string::npos);
}

TEST_F(CarbonsTest, AClientThatMayNotBeChosenStillSees) {
  phone_->set_priority(-1);
  EXPECT_NE(copies_of_received("<message type='chat'><body>hi</body></message>", "").at(0).find("<received"),
            std::string::npos);
}

struct Rule {
  const char* what;
  const char* xml;
  bool sent, received;
};
class CarbonRules : public CarbonsTest, public testing::WithParamInterface<Rule> {};
TEST_P(CarbonRules, DecideWhatIsCopied) {
  std::string to_somebody = GetParam().xml;
  to_somebody.insert(8, " to='juliet@example.net/balcony'");
  EXPECT_EQ(copies_of_sent(to_somebody).size(), GetParam().sent ? 1u : 0u) << GetParam().what;
  EXPECT_EQ(copies_of_received(GetParam().xml).size(), GetParam().received ? 1u : 0u) << GetParam().what;
}
INSTANTIATE_TEST_SUITE_P(
    Section6, CarbonRules,
    testing::Values(
        Rule{"chat", "<message type='chat'><x xmlns='urn:x'/></message>", true, true},
        Rule{"normal with body", "<message><body>b</body></message>", true, true},
        Rule{"normal without", "<message><x xmlns='urn:x'/></message>", false, false},
        Rule{"receipt", "<message><received xmlns='urn:xmpp:receipts' id='1'/></message>", true, true},
        Rule{"marker", "<message><displayed xmlns='urn:xmpp:chat-markers:0' id='1'/></message>", true, true},
        Rule{"groupchat", "<message type='groupchat'><body>b</body></message>", false, false},
        Rule{"headline", "<message type='headline'><body>b</body></message>", false, false},
        Rule{"error", "<message type='error'><body>b</body></message>", false, false},
        Rule{"private", "<message type='chat'><body>b</body><private xmlns='urn:xmpp:carbons:2'/></message>", false,
             false},
        Rule{"no-copy", "<message type='chat'><body>b</body><no-copy xmlns='urn:xmpp:hints'/></message>", false, false},
        Rule{"room's private message",
             "<message type='chat'><body>b</body><x xmlns='http://jabber.org/protocol/muc#user'/></message>", true,
             false},
        Rule{"invitation", "<message><x xmlns='jabber:x:conference' jid='room@muc.example.net'/></message>", true,
             true},
        Rule{"invitation of all in a room",
             "<message type='groupchat'><x xmlns='jabber:x:conference' jid='room@muc.example.net'/></message>", false,
             false},
        Rule{"call", "<message><accept xmlns='urn:xmpp:call-invites:0' id='1'/></message>", true, true},
        Rule{"call in a room",
             "<message><invite xmlns='urn:xmpp:call-invites:0'/><x "
             "xmlns='http://jabber.org/protocol/muc#user'/></message>",
             true, false},
        Rule{"mediated invitation",
             "<message><x xmlns='http://jabber.org/protocol/muc#user'><invite from='a@b'/></x></message>", true,
             true}));

TEST_F(CarbonsTest, WhatOneWritesToOneselfIsCopiedOnce) {
  submit(*home_, "<message to='romeo@example.org/home' type='chat'><body>note</body></message>");
  EXPECT_EQ(phone_->take().size(), 1u);
  submit(*home_, "<message to='romeo@example.org' type='chat'><body>note</body></message>");
  EXPECT_EQ(phone_->take().size(), 1u);
}

TEST_F(CarbonsTest, ForgedCopiesAreRemoved) {
  for (const char* wrapper : {"sent", "received"}) {
    const std::string forged =
        std::string("<") + wrapper + " xmlns='urn:xmpp:carbons:2'><forwarded xmlns='urn:xmpp:forward:0'>" +
        "<message xmlns='jabber:client' from='nurse@example.net'><body>run</body></message></forwarded></" + wrapper +
        ">";
    arrive("mallory@example.net/m", "romeo@example.org/home",
           "<message type='chat'><body>b</body>" + forged + "</message>");
    EXPECT_EQ(home_->take().at(0).find("run"), std::string::npos);
    EXPECT_EQ(phone_->take().at(0).find("run"), std::string::npos) << "not in the copy either";
  }
}

TEST_F(CarbonsTest, CanBeSwitchedOnAndOffAgainAndAgain) {
  const std::string on = "<iq from='romeo@example.org' to='romeo@example.org/phone' type='result' id='e'/>";
  submit(*phone_, kEnable);
  EXPECT_EQ(phone_->take(), std::vector<std::string>{on});
  for (int i = 0; i < 2; ++i) {
    submit(*phone_, "<iq type='set' id='e'><disable xmlns='urn:xmpp:carbons:2'/></iq>");
    EXPECT_EQ(phone_->take(), std::vector<std::string>{on});
  }
  EXPECT_TRUE(copies_of_received("<message type='chat'><body>b</body></message>").empty());
}

TEST_F(CarbonsTest, NobodySwitchesThemForOthers) {
  Account& juliet = open("juliet@example.org");
  Session& balcony = juliet.bind("balcony");
  submit(balcony, "<iq to='romeo@example.org' type='set' id='e'><disable xmlns='urn:xmpp:carbons:2'/></iq>");
  EXPECT_NE(balcony.take().at(0).find("<not-allowed"), std::string::npos);
  EXPECT_EQ(copies_of_received("<message type='chat'><body>b</body></message>").size(), 1u);
}

TEST_F(CarbonsTest, Bind2SwitchesThemOn) {
  const auto request = xml::parse_element("<bind xmlns='urn:xmpp:bind:0'><enable xmlns='urn:xmpp:carbons:2'/></bind>");
  for (const auto& step : points.session_bound) step(*romeo_, *home_, &request->root(), nullptr);
  arrive("juliet@example.net", "romeo@example.org/phone", "<message type='chat'><body>b</body></message>");
  EXPECT_EQ(home_->take().size(), 1u);
  EXPECT_EQ(registry.bind2_features().at(0), "urn:xmpp:carbons:2");
}

}  // namespace
}  // namespace features
