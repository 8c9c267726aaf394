#include "features/registration.h"

#include <set>

#include "account_fixture.h"
#include "router/account_service.h"

namespace features_test {
namespace {

using xmpp::Condition;

/// Keeps what it is asked to do; conflict for a name that it has.
class TestAccounts final : public router::AccountService {
 public:
  void create(const xmpp::Jid& account, base::Secret password, Done done) override {
    note("create", account, password);
    if (created.contains(account)) return done(std::unexpected(xmpp::StanzaError(Condition::conflict)));
    created.insert(account);
    done({});
  }
  void set_password(const xmpp::Jid& account, base::Secret password, Done done) override {
    note("password", account, password);
    done({});
  }
  void remove(const xmpp::Jid& account, Done done) override {
    note("remove", account, {});
    done({});
  }
  void set_disabled(const xmpp::Jid&, bool, Done done) override { done({}); }
  std::size_t kick(const xmpp::Jid&, const std::string&) override { return 0; }
  std::vector<router::SessionInfo> sessions() const override { return {}; }

  std::vector<std::string> calls;
  std::set<xmpp::Jid> created;

 private:
  void note(const std::string& what, const xmpp::Jid& account, const base::Secret& password) {
    calls.push_back(what + ' ' + std::string(account.str()) + ' ' + std::string(password.reveal()));
  }
};

std::string query(const std::string& inside) { return "<query xmlns='jabber:iq:register'>" + inside + "</query>"; }
std::string login(const std::string& name, const std::string& password) {
  return query("<username>" + name + "</username><password>" + password + "</password>");
}

class RegistrationTest : public FeatureTest {
 protected:
  RegistrationTest() : FeatureTest(features::add_registration) { router().use(accounts); }

  std::string set(const std::string& payload, std::string_view to = kRomeo) {
    return ask(kOrchard, to, "set", payload);
  }
  void open_registration(bool open) {
    router().use(base::make_ref<const router::Settings>(
        std::vector<router::HostSettings>{{.domain = jid("example.org"), .registration = open}}, limits));
  }
  /// As a stream that has not logged in.
  std::string knock(const std::string& type, const std::string& payload, const std::string& peer = "192.0.2.1") {
    auto iq = xml::parse_element("<iq xmlns='jabber:client' id='q1' type='" + type + "'>" + payload + "</iq>");
    std::string answer;
    new_accounts.answer(router(), jid("example.org"), peer, xmpp::share(*std::move(iq)),
                        [&](const auto& stanza) { answer = xml::to_string(stanza->root(), xmpp::ns::client); });
    settle();
    return answer;
  }

  TestAccounts accounts;
  features::NewAccounts new_accounts{board};
};

TEST_F(RegistrationTest, SaysWhoIsRegistered) {
  for (const std::string_view to : {kRomeo, kServer})
    EXPECT_EQ(ask(kOrchard, to, "get", query("")), result(query("<registered/><username>romeo</username><password/>")));
}

TEST_F(RegistrationTest, ChangesThePassword) {
  for (const std::string_view to : {kRomeo, kServer}) EXPECT_EQ(set(login("Romeo", "new"), to), result());
  EXPECT_EQ(accounts.calls, (std::vector<std::string>(2, "password romeo@example.org new")));
}

TEST_F(RegistrationTest, NeverSetsAnEmptyPassword) {
  for (const std::string& payload :
       {login("romeo", ""), query("<username>romeo</username>"), query("<password>x</password>"),
        query("<username>romeo</username><password/>"), query("")})
    EXPECT_NE(set(payload).find("bad-request"), std::string::npos) << payload;
  EXPECT_TRUE(accounts.calls.empty());
}

TEST_F(RegistrationTest, IsForOneselfOnly) {
  const std::string denied = error("cancel", "not-allowed");
  EXPECT_EQ(set(login("juliet", "x")), denied);
  EXPECT_EQ(set(login("romeo", "x"), kJuliet), denied);
  EXPECT_EQ(set(query("<remove/>"), kJuliet), denied);
  EXPECT_EQ(ask("paris@example.com/x", kServer, "set", query("<remove/>")), denied);
  EXPECT_EQ(ask("paris@example.com/x", kServer, "get", query("")), denied);
  EXPECT_EQ(ask("example.org", kServer, "set", query("<remove/>")), denied);
  EXPECT_TRUE(accounts.calls.empty());
}

TEST_F(RegistrationTest, CancelsTheAccount) {
  EXPECT_NE(set(query("<remove/><username>romeo</username>")).find("bad-request"), std::string::npos);
  EXPECT_EQ(set(query("<remove/>"), kServer), result());
  EXPECT_EQ(accounts.calls, std::vector<std::string>{"remove romeo@example.org "});
}

TEST_F(RegistrationTest, NobodyRegistersUnlessTheHostAllowsIt) {
  EXPECT_EQ(knock("get", query("")), error("cancel", "not-allowed"));
  EXPECT_EQ(knock("set", login("paris", "pw")), error("cancel", "not-allowed"));
  EXPECT_TRUE(accounts.calls.empty());
}

TEST_F(RegistrationTest, AStrangerRegisters) {
  open_registration(true);
  const std::string form = knock("get", query(""));
  EXPECT_NE(form.find("<username/><password/>"), std::string::npos) << form;
  EXPECT_EQ(knock("set", login("Paris", "pw")), result());
  EXPECT_EQ(accounts.calls, std::vector<std::string>{"create paris@example.org pw"});
  EXPECT_EQ(knock("set", login("paris", "pw")), error("cancel", "conflict"));
}

TEST_F(RegistrationTest, AStrangerNeedsNameAndPassword) {
  open_registration(true);
  for (const std::string& payload :
       {login("paris", ""), login("", "pw"), login("p@ris", "pw"), login("a/b", "pw"), query("")})
    EXPECT_NE(knock("set", payload).find("not-acceptable"), std::string::npos) << payload;
  EXPECT_NE(knock("set", "<ping xmlns='urn:xmpp:ping'/>").find("service-unavailable"), std::string::npos);
  EXPECT_TRUE(accounts.calls.empty());
}

TEST_F(RegistrationTest, OneAddressGetsOnlySoMany) {
  open_registration(true);
  auto next = [n = 0]() mutable { return login("user" + std::to_string(++n), "pw"); };
  for (std::uint32_t i = 0; i < limits.registrations_per_hour; ++i) EXPECT_EQ(knock("set", next()), result());
  EXPECT_NE(knock("set", next()).find("<error type='wait'><not-acceptable"), std::string::npos);
  EXPECT_EQ(knock("set", next(), "192.0.2.2"), result()) << "others are not concerned";
  world.advance(std::chrono::hours(1));
  EXPECT_EQ(knock("set", next()), result());
}

TEST(RegistrationOnManyShards, AccountsAreMadeByTheirOwnersAndCountedOnce) {
  sim::World world{7, 4};
  router::Switchboard board{world.loops()};
  std::vector<TestAccounts> accounts(board.shards());
  for (router::ShardId shard = 0; shard < board.shards(); ++shard) {
    board.router(shard).use(base::make_ref<const router::Settings>(
        std::vector<router::HostSettings>{{.domain = jid("example.org"), .registration = true}}, router::Limits{}));
    board.router(shard).use(accounts[shard]);
  }
  features::NewAccounts new_accounts{board};
  const std::uint32_t most = router::Limits{}.registrations_per_hour;
  std::uint32_t made = 0;
  for (std::uint32_t i = 0; i < 2 * most; ++i) {
    xml::Document iq = xmpp::make_iq(xmpp::Type::set, "q1");
    iq.root().add_copy(xml::parse_element(login("user" + std::to_string(i), "pw"))->root());
    const auto shard = static_cast<router::ShardId>(i % board.shards());
    new_accounts.answer(board.router(shard), jid("example.org"), "192.0.2.1", xmpp::share(std::move(iq)),
                        [&made](const auto& answer) { made += answer->type() == xmpp::Type::result ? 1 : 0; });
    world.settle();
  }
  EXPECT_EQ(made, most);
  for (router::ShardId shard = 0; shard < board.shards(); ++shard)
    for (const xmpp::Jid& account : accounts[shard].created) EXPECT_EQ(board.owner(account), shard);
}

}  // namespace
}  // namespace features_test
