#include "accounts/administration.h"

#include "fixture.h"

namespace accounts_test {
namespace {

/// Keys that show the password; "" can't be used.
class PlainKeys final : public store::KeyMaker {
 public:
  void make_keys(base::Secret password, base::Loop& home,
                 base::Fn<void(base::Result<std::vector<store::ScramKeys>>)> done) override {
    home.post([text = std::string(password.reveal()), done = std::move(done)]() mutable {
      if (text.empty()) return done(base::failure("empty"));
      std::vector<store::ScramKeys> keys(1);
      keys[0].stored_key = text;
      done(std::move(keys));
    });
  }
};

class AdministrationTest : public HouseTest {
 protected:
  AdministrationTest() {
    for (auto& part : house.parts)
      services_.push_back(std::make_unique<accounts::Administration>(part->accounts, keys_));
  }
  accounts::Administration& service(const xmpp::Jid& account) { return *services_[house.board.owner(account)]; }
  router::AccountService::Done note() {
    outcome_ = "not answered";
    return [this](const base::Result<void, xmpp::StanzaError>& result) {
      outcome_ = result ? "done" : std::string(xmpp::to_string(result.error().condition));
    };
  }
  std::string create(std::string_view name, const char* password) {
    service(jid(name)).create(jid(name), base::Secret(password), note());
    house.settle();
    return outcome_;
  }
  std::string password_of(const std::string& owner) {
    std::string found = "no account";
    house.store->read(
        house.world.loop(0), [owner](store::Reader& r) { return r.account(owner); },
        [&](const base::Result<std::optional<store::Account>>& row) {
          if (row.value()) found = (*row)->keys.empty() ? "" : (*row)->keys[0].stored_key;
        });
    house.settle();
    return found;
  }

  PlainKeys keys_;
  std::vector<std::unique_ptr<accounts::Administration>> services_;
  std::string outcome_;
};

TEST_P(AdministrationTest, CreatesOnceAndOnlyHere) {
  EXPECT_EQ(create("paris@example.org", "secret"), "done");
  EXPECT_EQ(password_of("paris@example.org"), "secret");
  EXPECT_EQ(create("paris@example.org", "other"), "conflict");
  EXPECT_EQ(create("nurse@example.org", ""), "not-acceptable");
  EXPECT_EQ(create("nurse@example.com", "x"), "item-not-found");
  EXPECT_EQ(create("example.org", "x"), "item-not-found");
  EXPECT_EQ(house.bind("paris@example.org/a")->refused, "");
}

TEST_P(AdministrationTest, TwoChangesAtOnceDoNotMix) {
  const xmpp::Jid paris = jid("paris@example.org");
  std::string first;
  service(paris).create(paris, base::Secret("one"), [&](const auto& result) { first = result ? "done" : "refused"; });
  EXPECT_EQ(create("paris@example.org", "two"), "resource-constraint");
  EXPECT_EQ(first, "done");
  EXPECT_EQ(password_of("paris@example.org"), "one");
}

TEST_P(AdministrationTest, ANewPasswordEndsTheSessions) {
  const auto romeo = house.login("romeo@example.org/orchard");
  service(romeo->jid).set_password(romeo->jid.bare(), base::Secret("new"), note());
  house.settle();
  EXPECT_EQ(outcome_, "done");
  EXPECT_EQ(romeo->closed, "not-authorized");
  EXPECT_EQ(password_of("romeo@example.org"), "new");
  EXPECT_EQ(house.bind("romeo@example.org/a")->refused, "");
}

TEST_P(AdministrationTest, ANewPasswordSparesTheSessionThatAsked) {
  const auto orchard = house.login("romeo@example.org/orchard");
  const auto street = house.login("romeo@example.org/street");
  service(orchard->jid).set_password(orchard->jid.bare(), base::Secret("new"), note(), orchard->jid);
  house.settle();
  EXPECT_EQ(outcome_, "done");
  EXPECT_EQ(orchard->closed, "");
  EXPECT_EQ(street->closed, "not-authorized");
}

TEST_P(AdministrationTest, WhoRemovesItsOwnAccountIsToldBeforeTheEnd) {
  const auto orchard = house.login("romeo@example.org/orchard");
  const auto street = house.login("romeo@example.org/street");
  orchard->take();
  router::Delivery last{.stanza = xmpp::share(xmpp::make_message(xmpp::Type::normal, "bye")), .to = orchard->jid};
  service(orchard->jid).remove(orchard->jid.bare(), note(), std::move(last));
  EXPECT_EQ(count_with(orchard->got, "bye"), 0u) << "nothing is durable yet";
  house.settle();
  EXPECT_EQ(outcome_, "done");
  EXPECT_EQ(street->closed, "not-authorized");
  EXPECT_EQ(count_with(orchard->got, "bye"), 1u);
  EXPECT_EQ(orchard->closed, "not-authorized");
  EXPECT_EQ(password_of("romeo@example.org"), "no account");
}

TEST_P(AdministrationTest, WhoRemovesItsOwnAccountMayLeaveFirst) {
  const auto orchard = house.login("romeo@example.org/orchard");
  router::Delivery last{.stanza = xmpp::share(xmpp::make_message(xmpp::Type::normal, "bye")), .to = orchard->jid};
  service(orchard->jid).remove(orchard->jid.bare(), note(), std::move(last));
  house.unbind(*orchard);
  house.settle();
  EXPECT_EQ(outcome_, "done");
  EXPECT_EQ(orchard->closed, "");
}

TEST_P(AdministrationTest, ADisabledAccountKeepsItsMailButNobodyGetsIn) {
  const auto romeo = house.login("romeo@example.org/orchard");
  service(romeo->jid).set_disabled(romeo->jid.bare(), true, note());
  house.settle();
  EXPECT_EQ(romeo->closed, "not-authorized");
  EXPECT_EQ(house.bind("romeo@example.org/a")->refused, "not-authorized");
  service(romeo->jid).set_disabled(romeo->jid.bare(), false, note());
  house.settle();
  EXPECT_EQ(house.bind("romeo@example.org/a")->refused, "");
}

TEST_P(AdministrationTest, ARemovedAccountIsGoneAndItsContactsAreTold) {
  house.befriend("romeo@example.org", "juliet@example.org");
  const auto juliet = house.login("juliet@example.org/balcony");
  const auto romeo = house.login("romeo@example.org/orchard");
  juliet->take();
  service(romeo->jid).remove(romeo->jid.bare(), note());
  house.settle();
  EXPECT_EQ(outcome_, "done");
  EXPECT_EQ(romeo->closed, "not-authorized");
  EXPECT_EQ(count_with(juliet->got, "type='unavailable'"), 1u);
  EXPECT_EQ(count_with(juliet->got, "type='unsubscribed'"), 1u);
  EXPECT_EQ(house.bind("romeo@example.org/a")->refused, "not-authorized");
  juliet->take();
  house.send(*juliet, "<message to='romeo@example.org' id='m1'><body>?</body></message>");
  EXPECT_EQ(count_with(juliet->got, "service-unavailable"), 1u);
  service(romeo->jid).remove(romeo->jid.bare(), note());
  house.settle();
  EXPECT_EQ(outcome_, "item-not-found");
}

TEST_P(AdministrationTest, ARemovalWaitsForRowsUnderWayWithoutADeadline) {
  const xmpp::Jid romeo = jid("romeo@example.org");
  const auto orchard = house.login("romeo@example.org/orchard");
  const auto juliet = house.login("juliet@example.org/balcony");
  house.owner(juliet->jid).sm_enabled(juliet->id, "sm1");
  house.writing.stall(std::chrono::seconds(20));
  house.submit(*juliet, "<message type='chat' id='m1' to='romeo@example.org'><body>1</body></message>");
  house.settle();
  house.unbind(*orchard, false);
  service(romeo).remove(romeo, note());
  house.settle();
  juliet->take();
  for (int i = 0; i < 10; ++i) {
    house.submit(*juliet, "<message type='chat' id='m2' to='romeo@example.org'><body>2</body></message>");
    house.world.advance(std::chrono::seconds(1));
  }
  EXPECT_EQ(outcome_, "not answered");
  EXPECT_EQ(count_with(juliet->got, "service-unavailable"), 10u) << "nobody is there any more";
  EXPECT_EQ(create("romeo@example.org", "mine"), "resource-constraint") << "not before everything is gone";
  house.world.advance(std::chrono::seconds(20));
  EXPECT_EQ(outcome_, "done");
  EXPECT_EQ(create("romeo@example.org", "mine"), "done");
  EXPECT_TRUE(house.offline_rows("romeo@example.org").empty());
}

TEST_P(AdministrationTest, ARemovalThatFailsLeavesTheAccountWhole) {
  house.befriend("romeo@example.org", "juliet@example.org");
  const auto juliet = house.login("juliet@example.org/balcony");
  const xmpp::Jid romeo = jid("romeo@example.org");
  const auto orchard = house.login("romeo@example.org/orchard");
  juliet->take();
  sim::vfs_failure = SQLITE_IOERR_WRITE;
  service(romeo).remove(romeo, note());
  house.settle();
  sim::vfs_failure = SQLITE_OK;
  EXPECT_EQ(outcome_, "internal-server-error");
  EXPECT_EQ(orchard->closed, "not-authorized");
  EXPECT_EQ(count_with(juliet->got, "unsubscribe"), 0u);
  const auto again = house.login("romeo@example.org/a");
  house.send(*juliet, "<message type='chat' to='romeo@example.org'><body>1</body></message>");
  EXPECT_EQ(count_with(again->got, "<body>1</body>"), 1u);
}

TEST_P(AdministrationTest, ANewAccountInheritsNothing) {
  house.put(store::OfflinePut{{.owner = "paris@example.org", .id = 1, .time = {}, .stanza = "<message/>"}});
  EXPECT_EQ(create("paris@example.org", "x"), "done");
  EXPECT_TRUE(house.offline_rows("paris@example.org").empty());
}

TEST_P(AdministrationTest, ListsAndKicks) {
  const auto orchard = house.login("romeo@example.org/orchard", 3);
  const auto street = house.bind("romeo@example.org/street");
  auto& mine = service(orchard->jid);
  ASSERT_EQ(mine.sessions().size(), 2u);
  EXPECT_EQ(mine.sessions()[0].priority, 3);
  EXPECT_TRUE(mine.sessions()[0].available);
  EXPECT_FALSE(mine.sessions()[1].available);
  EXPECT_EQ(mine.kick(street->jid, "night"), 1u);
  EXPECT_EQ(street->closed, "policy-violation");
  EXPECT_EQ(orchard->closed, "");
  EXPECT_EQ(mine.kick(orchard->jid.bare(), "night"), 1u);
  EXPECT_EQ(mine.kick(orchard->jid.bare(), "night"), 0u);
}

EXEDRA_BOTH_SIZES(AdministrationTest);

}  // namespace
}  // namespace accounts_test
