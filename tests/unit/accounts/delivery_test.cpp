// RFC 6121 8.5 from outside, redelivery, loading and holding.
#include "fixture.h"

namespace accounts_test {
namespace {

class DeliveryTest : public HouseTest {};

struct Case {
  const char* type;
  const char* to;
  const char* got_by;  ///< a: priority 5, b: priority 5, c: priority 1, n: negative, u: unavailable
  const char* answer;  ///< what the sender gets; empty for nothing
};

TEST_P(DeliveryTest, MessagesGoWhereTheTableSays) {
  const Case kRows[] = {
      {"chat", "", "ab", ""},
      {"normal", "", "ab", ""},
      {"headline", "", "abc", ""},
      {"groupchat", "", "", "service-unavailable"},
      {"error", "", "", ""},
      {"chat", "/c", "c", ""},
      {"groupchat", "/c", "c", ""},
      {"error", "/c", "c", ""},
      {"chat", "/n", "n", ""},
      {"normal", "/u", "u", ""},
      {"chat", "/gone", "ab", ""},
      {"normal", "/gone", "", "service-unavailable"},
      {"groupchat", "/gone", "", "service-unavailable"},
      {"error", "/gone", "", ""},
  };
  const auto romeo = house.login("romeo@example.org/orchard");
  std::map<char, std::unique_ptr<Link>> links;
  links['a'] = house.login("juliet@example.org/a", 5);
  links['b'] = house.login("juliet@example.org/b", 5);
  links['c'] = house.login("juliet@example.org/c", 1);
  links['n'] = house.login("juliet@example.org/n", -1);
  links['u'] = house.bind("juliet@example.org/u");
  for (auto& [name, link] : links) link->take();
  for (const Case& row : kRows) {
    const std::string what = std::string(row.type) + " to juliet" + row.to;
    house.send(*romeo, "<message type='" + std::string(row.type) + "' to='juliet@example.org" + row.to +
                           "' id='m'><body>x</body></message>");
    std::string got_by;
    for (auto& [name, link] : links)
      if (!link->take().empty()) got_by += name;
    EXPECT_EQ(got_by, row.got_by) << what;
    const Texts answers = romeo->take();
    EXPECT_EQ(answers.size(), *row.answer == '\0' ? 0u : 1u) << what;
    EXPECT_EQ(count_with(answers, row.answer), answers.size()) << what;
  }
}

TEST_P(DeliveryTest, IqsGoToTheirResourceOrAreAnswered) {
  const auto romeo = house.login("romeo@example.org/orchard");
  const auto juliet = house.login("juliet@example.org/balcony");
  house.send(*romeo, "<iq type='get' id='q' to='juliet@example.org/balcony'><ping xmlns='urn:xmpp:ping'/></iq>");
  EXPECT_EQ(count_with(juliet->take(), "urn:xmpp:ping"), 1u);
  house.send(*juliet, "<iq type='result' id='q' to='romeo@example.org/orchard'/>");
  EXPECT_EQ(romeo->take(),
            Texts{"<iq from='juliet@example.org/balcony' to='romeo@example.org/orchard' type='result' id='q'/>"});
  for (const char* to : {"juliet@example.org/gone", "juliet@example.org", "nobody@example.org", "mercutio@example.org",
                         "mercutio@example.org/gone", "example.org/x"}) {
    house.send(*romeo, "<iq type='get' id='q' to='" + std::string(to) + "'><x xmlns='y'/></iq>");
    EXPECT_EQ(count_with(romeo->take(), "service-unavailable"), 1u) << to;
  }
}

TEST_P(DeliveryTest, WithoutAnOfflineStoreTheSenderIsTold) {
  const auto romeo = house.login("romeo@example.org/orchard");
  house.send(*romeo, "<message type='chat' to='juliet@example.org' id='m'><body>x</body></message>");
  EXPECT_EQ(count_with(romeo->take(), "service-unavailable"), 1u);
}

// ---- redelivery ----

TEST_P(DeliveryTest, WhatWasNotAcknowledgedGoesToTheNextResourceInOrder) {
  const auto romeo = house.login("romeo@example.org/orchard");
  const auto balcony = house.login("juliet@example.org/balcony", 5);
  const auto chamber = house.login("juliet@example.org/chamber", 1);
  balcony->unacknowledged.clear();
  for (int i = 0; i < 3; ++i)
    house.send(*romeo,
               "<message type='chat' to='juliet@example.org' id='m" + std::to_string(i) + "'><body>x</body></message>");
  house.send(*romeo, "<iq type='get' id='q' to='juliet@example.org/balcony'><x xmlns='y'/></iq>");
  chamber->take();
  house.unbind(*balcony);
  const Texts got = chamber->take();
  ASSERT_EQ(got.size(), 4u);
  EXPECT_TRUE(got[0].contains("unavailable"));
  for (std::size_t i = 0; i < 3; ++i) EXPECT_TRUE(got[i + 1].contains("id='m" + std::to_string(i) + "'"));
  EXPECT_EQ(count_with(romeo->take(), "recipient-unavailable"), 1u);
}

TEST_P(DeliveryTest, ACopyThatAnotherResourceHasIsNotSentAgain) {
  const auto romeo = house.login("romeo@example.org/orchard");
  const auto balcony = house.login("juliet@example.org/balcony");
  const auto chamber = house.login("juliet@example.org/chamber");
  house.send(*romeo, "<message type='chat' to='juliet@example.org' id='m'><body>x</body></message>");
  chamber->take();
  house.unbind(*balcony);
  EXPECT_EQ(count_with(chamber->take(), "id='m'"), 0u);
  // The last copy has to go somewhere: nobody is left, so its sender is told.
  house.unbind(*chamber);
  EXPECT_EQ(count_with(romeo->take(), "service-unavailable"), 1u);
}

TEST_P(DeliveryTest, AStoredMessageIsNotAnsweredWhenItsSessionDies) {
  const auto romeo = house.login("romeo@example.org/orchard");
  house.owner(romeo->jid).sm_enabled(romeo->id, "sm1");
  const auto juliet = house.login("juliet@example.org/balcony");
  house.send(*romeo, "<message type='chat' to='juliet@example.org' id='m'><body>x</body></message>");
  house.unbind(*juliet);
  EXPECT_EQ(romeo->take(), Texts{});
  EXPECT_EQ(house.offline_rows("juliet@example.org").size(), 1u);
}

// ---- loading ----

TEST_P(DeliveryTest, PacketsWaitForTheLoadInOrder) {
  const auto romeo = house.login("romeo@example.org/orchard");
  Link juliet;
  juliet.jid = jid("juliet@example.org/balcony");
  house.bind(juliet, "juliet@example.org/balcony");
  for (int i = 0; i < 5; ++i)
    house.submit(*romeo, "<message to='juliet@example.org/balcony' id='m" + std::to_string(i) + "'/>");
  house.settle();
  ASSERT_EQ(juliet.got.size(), 5u);
  for (std::size_t i = 0; i < 5; ++i) EXPECT_TRUE(juliet.got[i].contains("id='m" + std::to_string(i) + "'"));
}

TEST(Loading, TakesNoLongerThanItsDeadlineAndItsQueueIsBounded) {
  router::Limits limits;
  limits.account_queue_packets = 2;
  House house(1, limits);
  house.add_account("romeo");
  house.add_account("juliet");
  const auto romeo = house.login("romeo@example.org/orchard");
  // The store is busy for a minute.
  for (int i = 0; i < 60000; ++i) house.reading.submit([] {});
  for (int i = 0; i < 3; ++i)
    house.submit(*romeo, "<message to='juliet@example.org' id='m" + std::to_string(i) + "'><body>x</body></message>");
  house.world.settle();
  EXPECT_EQ(count_with(romeo->got, "resource-constraint"), 1u) << "the third doesn't fit";
  house.world.advance(std::chrono::seconds(4));
  EXPECT_EQ(romeo->got.size(), 1u);
  house.world.advance(std::chrono::seconds(2));
  EXPECT_EQ(count_with(romeo->got, "type='wait'"), 3u);
}

TEST_P(DeliveryTest, AnIdleAccountLeavesTheMemory) {
  const auto romeo = house.login("romeo@example.org/orchard");
  auto& accounts = house.owner(romeo->jid);
  house.world.advance(std::chrono::minutes(5));
  EXPECT_NE(accounts.account(romeo->jid.bare()), nullptr);
  house.unbind(*romeo);
  house.world.advance(std::chrono::minutes(5));
  EXPECT_EQ(accounts.account(romeo->jid.bare()), nullptr);
  EXPECT_EQ(accounts.accounts_in_memory(), 0u);
}

// ---- holds and rows ----

TEST_P(DeliveryTest, AHoldMakesPacketsWaitInOrder) {
  const auto romeo = house.login("romeo@example.org/orchard");
  const auto juliet = house.login("juliet@example.org/balcony");
  auto hold = house.owner(juliet->jid).account(juliet->jid.bare())->hold();
  for (int i = 0; i < 3; ++i) house.send(*romeo, "<message to='juliet@example.org' id='m" + std::to_string(i) + "'/>");
  EXPECT_EQ(juliet->got.size(), 0u);
  hold.reset();
  house.send(*romeo, "<message to='juliet@example.org' id='m3'/>");
  ASSERT_EQ(juliet->got.size(), 4u);
  for (std::size_t i = 0; i < 4; ++i) EXPECT_TRUE(juliet->got[i].contains("id='m" + std::to_string(i) + "'"));
}

TEST_P(DeliveryTest, AHoldThatLastsTooLongIsBroken) {
  const auto romeo = house.login("romeo@example.org/orchard");
  const auto juliet = house.login("juliet@example.org/balcony");
  const auto hold = house.owner(juliet->jid).account(juliet->jid.bare())->hold();
  house.send(*romeo, "<message to='juliet@example.org' id='m0'/>");
  house.world.advance(std::chrono::seconds(6));
  EXPECT_EQ(count_with(romeo->got, "resource-constraint"), 1u);
  house.send(*romeo, "<message to='juliet@example.org' id='m1'/>");
  EXPECT_EQ(juliet->got.size(), 1u);
}

TEST_P(DeliveryTest, ReadsWaitForTheRowsIssuedBefore) {
  for (auto& part : house.parts) {
    part->points.undelivered.push_back([](router::Passage& passage) {
      store::unit_of(*passage.rows)
          .add(store::OfflinePut{{.owner = std::string(passage.account.jid().str()),
                                  .id = passage.account.next_offline_id(),
                                  .time = {},
                                  .stanza = "m"}});
      return router::Verdict::done();
    });
  }
  const auto romeo = house.login("romeo@example.org/orchard");
  const auto juliet = house.bind("juliet@example.org/balcony");  // loaded, but not available
  house.submit(*romeo, "<message type='chat' to='juliet@example.org' id='m'><body>x</body></message>");
  house.world.settle();
  bool ran = false;
  std::size_t rows = 0;
  accounts::Account& account = *house.owner(juliet->jid).account(juliet->jid.bare());
  account.after_rows([&] {
    ran = true;
    house.store->read(
        house.world.loop(0), [](store::Reader& r) { return r.offline("juliet@example.org", 0, 9); },
        [&](const base::Result<std::vector<store::OfflineRow>>& found) { rows = found->size(); });
  });
  EXPECT_FALSE(ran);
  house.settle();
  EXPECT_TRUE(ran);
  EXPECT_EQ(rows, 1u);
}

TEST_P(DeliveryTest, IdsOfOfflineRowsOnlyGrow) {
  const auto juliet = house.bind("juliet@example.org/balcony");
  accounts::Account& account = *house.owner(juliet->jid).account(juliet->jid.bare());
  EXPECT_FALSE(account.may_have_offline_rows());
  const std::int64_t first = account.next_offline_id();
  EXPECT_TRUE(account.may_have_offline_rows());
  house.world.jump_wall(-std::chrono::hours(1));
  EXPECT_GT(account.next_offline_id(), first);
}

EXEDRA_BOTH_SIZES(DeliveryTest);

}  // namespace
}  // namespace accounts_test
