#include "offline/offline.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "features/archive.h"
#include "features/hints.h"
#include "unit/features/household.h"

namespace offline {
namespace {

using features_test::Account;
using features_test::jid;
using features_test::Session;
using namespace std::chrono_literals;

class OfflineTest : public features_test::Household {
 protected:
  void SetUp() override {
    Household::SetUp();
    features::add_hints({router(), registry, points, *this, *store, random});
    features::add_archive({router(), registry, points, *this, *store, random});
    add_offline({router(), registry, points, *this, *store, random});
    registry.freeze();
    romeo_ = &open("romeo@example.org");
    juliet_ = &open("juliet@example.org");
    orchard_ = &romeo_->bind("orchard");
  }
  void say(const std::string& inside, const std::string& type = "chat") {
    submit(*orchard_, "<message to='juliet@example.org' type='" + type + "'>" + inside + "</message>");
    world.advance(1s);
  }
  static std::string body(const std::string& text) { return "<body>" + text + "</body>"; }
  Session& login(Account& account, const std::string& resource, int priority = 0) {
    Session& session = account.bind(resource);
    session.set_priority(priority);
    for (const auto& step : points.session_available) step(account, session);
    settle();
    return session;
  }
  static std::string bodies(const std::vector<std::string>& texts) {
    std::string all;
    for (const std::string& text : texts) {
      const auto at = text.find("<body>");
      if (at != std::string::npos) all += text.substr(at + 6, text.find("</body>") - at - 6) + " ";
    }
    return all;
  }
  void acknowledge(Session& session) {
    for (const auto& receipt : session.take_receipts()) receipt->acknowledged();
    settle();
  }
  std::size_t rows() {
    std::size_t count = 99;
    store->read(
        world.loop(), [](store::Reader& reader) { return reader.offline_count("juliet@example.org"); },
        [&](base::Result<std::int64_t> found) { count = static_cast<std::size_t>(found.value_or(98)); });
    settle();
    return count;
  }

  Account* romeo_ = nullptr;
  Account* juliet_ = nullptr;
  Session* orchard_ = nullptr;
};

TEST_F(OfflineTest, AMessageWaitsAndComesWithItsTime) {
  say(body("hi"));
  EXPECT_TRUE(orchard_->take().empty());
  Session& balcony = login(*juliet_, "balcony");
  const auto got = balcony.take();
  ASSERT_EQ(got.size(), 1u);
  EXPECT_TRUE(
      got[0].starts_with("<message from='romeo@example.org/orchard' to='juliet@example.org' type='chat'>"
                         "<body>hi</body><stanza-id"))
      << got[0];
  EXPECT_NE(got[0].find("<delay xmlns='urn:xmpp:delay' from='example.org' stamp='20"), std::string::npos);
  EXPECT_NE(got[0].find(">Offline Storage</delay></message>"), std::string::npos);
}

TEST_F(OfflineTest, ARowGoesWhenItIsAcknowledgedNotBefore) {
  say(body("1"));
  say(body("2"));
  Session& balcony = login(*juliet_, "balcony");
  EXPECT_EQ(rows(), 2u);
  acknowledge(balcony);
  EXPECT_EQ(rows(), 0u);
}

TEST_F(OfflineTest, WhatIsNotAcknowledgedComesAgain) {
  say(body("1"));
  Session& balcony = login(*juliet_, "balcony");
  balcony.take();
  juliet_->unbind(balcony);
  EXPECT_EQ(bodies(login(*juliet_, "chamber").take()), "1 ");
}

TEST_F(OfflineTest, WhatIsUnderWayToOneClientGoesToNoOther) {
  say(body("1"));
  Session& balcony = login(*juliet_, "balcony");
  EXPECT_EQ(bodies(login(*juliet_, "chamber").take()), "");
  const auto receipts = balcony.take_receipts();
  receipts.at(0)->acknowledged();
  receipts.at(0)->acknowledged();
  settle();
  EXPECT_EQ(rows(), 0u);
}

TEST_F(OfflineTest, OrderIsKeptAgainstNewMessages) {
  for (int i = 0; i < 250; ++i) {
    submit(*orchard_, "<message to='juliet@example.org' type='chat'><body>" + std::to_string(i) + "</body></message>");
  }
  Session& balcony = juliet_->bind("balcony");
  for (const auto& step : points.session_available) step(*juliet_, balcony);
  EXPECT_EQ(juliet_->holds, 1);
  say(body("new"));
  std::string expected;
  for (int i = 0; i < 250; ++i) expected += std::to_string(i) + " ";
  EXPECT_EQ(bodies(balcony.take()), expected + "new ");
  EXPECT_EQ(juliet_->holds, 0);
}

// However long handing over takes, nobody is told that the account can't be reached.
TEST_F(OfflineTest, TheAccountWaitsForTheFirstPageOnly) {
  for (int i = 0; i < 250; ++i) say(body("x"));
  std::vector<int> holds;  // at each message handed over
  points.delivering.emplace_back([&](router::SessionView&, router::Delivery&) {
    holds.push_back(juliet_->holds);
    return false;
  });
  login(*juliet_, "balcony");
  ASSERT_EQ(holds.size(), 250u);
  EXPECT_EQ(std::ranges::count(holds, 1), 100);
  EXPECT_EQ(holds[100], 0);
}

TEST_F(OfflineTest, ANegativePriorityGetsNothing) {
  say(body("1"));
  EXPECT_EQ(bodies(login(*juliet_, "balcony", -1).take()), "");
  EXPECT_EQ(rows(), 1u);
}

struct Row {
  const char* what;
  const char* type;
  const char* inside;
  bool stored, answered;
};
class OfflineRules : public OfflineTest, public testing::WithParamInterface<Row> {};
TEST_P(OfflineRules, DecideWhatWaits) {
  use({.domain = jid("example.org"), .archive = false});
  say(GetParam().inside, GetParam().type);
  EXPECT_EQ(rows(), GetParam().stored ? 1u : 0u) << GetParam().what;
  EXPECT_EQ(orchard_->take().size(), GetParam().answered ? 1u : 0u) << GetParam().what;
}
INSTANTIATE_TEST_SUITE_P(
    Rows, OfflineRules,
    testing::Values(
        Row{"chat", "chat", "<body>b</body>", true, false}, Row{"normal", "normal", "<body>b</body>", true, false},
        Row{"invitation", "normal", "<x xmlns='jabber:x:conference' jid='room@muc.example.org'/>", true, false},
        Row{"receipt", "chat", "<received xmlns='urn:xmpp:receipts' id='1'/>", true, false},
        Row{"chat state", "chat", "<active xmlns='http://jabber.org/protocol/chatstates'/>", false, false},
        Row{"nothing", "chat", "", false, false},
        Row{"no-store", "chat", "<body>b</body><no-store xmlns='urn:xmpp:hints'/>", false, true},
        Row{"no-permanent-store", "chat", "<body>b</body><no-permanent-store xmlns='urn:xmpp:hints'/>", true, false}));

TEST_F(OfflineTest, AFullStoreIsToldToTheSender) {
  use({.domain = jid("example.org"), .offline_max_messages = 2});
  say(body("1"));
  say(body("2"));
  EXPECT_TRUE(orchard_->take().empty());
  say(body("3"));
  EXPECT_NE(orchard_->take().at(0).find("<service-unavailable"), std::string::npos);
  forget(*juliet_);
  juliet_ = &open("juliet@example.org");
  say(body("4"));
  EXPECT_EQ(orchard_->take().size(), 1u) << "the count is that of the store";
  Session& balcony = login(*juliet_, "balcony");
  acknowledge(balcony);
  juliet_->unbind(balcony);
  say(body("5"));
  EXPECT_TRUE(orchard_->take().empty());
}

class OfflineLimits : public OfflineTest, public testing::WithParamInterface<bool> {};
TEST_P(OfflineLimits, NoMoreIsUnderWayThanTheClientTakes) {
  router::Limits limits;
  if (GetParam()) limits.offline_bytes = 1000;
  if (!GetParam()) limits.sm_queue_stanzas = 20;
  use({.domain = jid("example.org")}, limits);
  for (int i = 0; i < 150; ++i) {
    submit(*orchard_, "<message to='juliet@example.org' type='chat'><body>" + std::to_string(i) + "</body></message>");
  }
  Session& balcony = login(*juliet_, "balcony");
  std::string all, expected;
  for (int i = 0; i < 150; ++i) expected += std::to_string(i) + " ";
  while (all.size() < expected.size()) {
    const auto some = balcony.take();
    ASSERT_FALSE(some.empty());
    EXPECT_LE(some.size(), 11u);  // half of the queue, and the one that showed it
    all += bodies(some);
    acknowledge(balcony);
  }
  EXPECT_EQ(all, expected);
  EXPECT_EQ(rows(), 0u);
}

INSTANTIATE_TEST_SUITE_P(BytesAndStanzas, OfflineLimits, testing::Bool());

TEST_F(OfflineTest, AnotherClientTakesOverWhenOneLeaves) {
  router::Limits limits;
  limits.offline_bytes = 1000;
  use({.domain = jid("example.org")}, limits);
  for (int i = 0; i < 8; ++i) {
    submit(*orchard_, "<message to='juliet@example.org' type='chat'><body>" + std::to_string(i) + "</body></message>");
  }
  Session& balcony = login(*juliet_, "balcony");
  Session& chamber = login(*juliet_, "chamber");
  const std::size_t first = balcony.take().size();
  EXPECT_GE(first, 4u);
  EXPECT_LT(first, 8u);
  EXPECT_EQ(chamber.take().size(), 0u);
  const auto redelivered = balcony.take_receipts();  // accounts sees to what the client had not acknowledged
  juliet_->unbind(balcony);
  settle();
  EXPECT_EQ(chamber.take().size(), 0u);
  for (const auto& receipt : redelivered) receipt->acknowledged();
  settle();
  EXPECT_EQ(chamber.take().size(), 8 - first);
}

class OfflineBind2 : public OfflineTest {
 protected:
  Session& bind2(const std::string& resource) {
    Session& session = juliet_->bind(resource);
    const xml::Document request("urn:xmpp:bind:0", "bind");
    xml::Document bound("urn:xmpp:bind:0", "bound");
    for (const auto& step : points.session_bound) step(*juliet_, session, &request.root(), &bound.root());
    return session;
  }
  void become_available(Session& session) {
    for (const auto& step : points.session_available) step(*juliet_, session);
    settle();
  }
};

TEST_F(OfflineBind2, ForgetsWhatTheArchiveHasAndHandsOverTheRest) {
  for (int i = 0; i < 150; ++i) {
    submit(*orchard_, "<message to='juliet@example.org' type='chat'><body>" + std::to_string(i) + "</body></message>");
  }
  say("<body>secret</body><no-permanent-store xmlns='urn:xmpp:hints'/>");
  Session& balcony = bind2("balcony");
  become_available(balcony);
  EXPECT_EQ(bodies(balcony.take()), "secret ");
  EXPECT_EQ(rows(), 1u);
  acknowledge(balcony);
  EXPECT_EQ(rows(), 0u);
}

TEST_F(OfflineBind2, HandsOverEverythingWhereThereIsNoArchive) {
  use({.domain = jid("example.org"), .archive = false});
  say(body("1"));
  Session& balcony = bind2("balcony");
  become_available(balcony);
  EXPECT_EQ(bodies(balcony.take()), "1 ");
}

TEST_F(OfflineBind2, ClearsWhenBoundWhateverBecomesOfTheSession) {
  say(body("1"));
  Session& balcony = bind2("balcony");
  settle();
  EXPECT_EQ(rows(), 0u);
  juliet_->unbind(balcony);
  say(body("2"));
  EXPECT_EQ(bodies(login(*juliet_, "chamber").take()), "2 ");
}

TEST_F(OfflineTest, IsAdvertised) {
  EXPECT_EQ(registry.features(router::Target::server), std::vector<std::string_view>{"msgoffline"});
}

}  // namespace
}  // namespace offline
