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
  void set_password(const xmpp::Jid& account, base::Secret password, Done done, xmpp::Jid spare) override {
    note("password", account, password);
    spared = spare;
    done({});
  }
  void remove(const xmpp::Jid& account, Done done, router::Delivery last_word) override {
    note("remove", account, {});
    spared = last_word.to;
    done({});
  }
  void set_disabled(const xmpp::Jid&, bool, Done done) override { done({}); }
  std::size_t kick(const xmpp::Jid&, const std::string&) override { return 0; }
  std::vector<router::SessionInfo> sessions() const override { return {}; }

  std::vector<std::string> calls;
  std::set<xmpp::Jid> created;
  xmpp::Jid spared;

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

  TestAccounts accounts;
};

TEST_F(RegistrationTest, SaysWhoIsRegistered) {
  for (const std::string_view to : {kRomeo, kServer})
    EXPECT_EQ(ask(kOrchard, to, "get", query("")), result(query("<registered/><username>romeo</username><password/>")));
}

TEST_F(RegistrationTest, ChangesThePassword) {
  for (const std::string_view to : {kRomeo, kServer}) EXPECT_EQ(set(login("Romeo", "new"), to), result());
  EXPECT_EQ(accounts.calls, (std::vector<std::string>(2, "password romeo@example.org new")));
  EXPECT_EQ(accounts.spared, jid(kOrchard)) << "the asking session goes on";
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
  EXPECT_EQ(accounts.spared, jid(kOrchard)) << "the asking session is told first";
}

}  // namespace
}  // namespace features_test
