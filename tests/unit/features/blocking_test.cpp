#include "features/blocking.h"

#include <tuple>

#include "account_fixture.h"

namespace features_test {
namespace {

using router::SubscriptionState;
using xmpp::Condition;

constexpr const char* kList = "<blocklist xmlns='urn:xmpp:blocking'/>";

std::string command(const std::string& name, const std::vector<std::string>& jids) {
  std::string text = "<" + name + " xmlns='urn:xmpp:blocking'";
  if (jids.empty()) return text + "/>";
  text += ">";
  for (const std::string& each : jids) text += "<item jid='" + each + "'/>";
  return text + "</" + name + ">";
}

class BlockingTest : public FeatureTest {
 protected:
  BlockingTest() : FeatureTest(features::add_blocking) {}

  std::string block(const std::vector<std::string>& jids) {
    return ask(kBalcony, kJuliet, "set", command("block", jids));
  }
  std::string unblock(const std::vector<std::string>& jids) {
    return ask(kBalcony, kJuliet, "set", command("unblock", jids));
  }
  std::string list() { return ask(kBalcony, kJuliet, "get", kList); }
  static std::string listed(const std::vector<std::string>& jids) { return result(command("blocklist", jids)); }

  /// What Juliet's account does with this stanza from `from`: "pass", "done" or a condition.
  std::string inbound(std::string_view from, const std::string& stanza) {
    router::Passage passage{packet(from, kBalcony, stanza), juliet(), nullptr, {}, nullptr};
    return word(points.inbound.front()(passage));
  }
  std::string outbound(std::string_view to, const std::string& stanza) {
    router::Passage passage{packet(kBalcony, to, stanza), juliet(), &balcony(), {}, nullptr};
    return word(points.outbound.front()(passage));
  }
  static std::string word(const router::Verdict& verdict) {
    if (!verdict.ends()) return "pass";
    return verdict.error() ? std::string(to_string(verdict.error()->condition)) : "done";
  }
};

constexpr const char* kMessage = "<message xmlns='jabber:client' type='chat'><body>hi</body></message>";
constexpr const char* kPresence = "<presence xmlns='jabber:client'/>";

TEST_F(BlockingTest, BlocksListsAndUnblocks) {
  EXPECT_EQ(list(), listed({}));
  EXPECT_EQ(block({"Romeo@example.org", "example.com"}), result());
  EXPECT_EQ(block({"romeo@example.org"}), result()) << "twice is no harm";
  EXPECT_EQ(list(), listed({"example.com", "romeo@example.org"}));
  EXPECT_EQ(unblock({"example.com", "nobody@example.net"}), result());
  EXPECT_EQ(list(), listed({"romeo@example.org"}));
  block({"a@x", "b@x"});
  EXPECT_EQ(unblock({}), result());
  EXPECT_EQ(list(), listed({}));
}

TEST_F(BlockingTest, IsKept) {
  block({"romeo@example.org", "paris@example.com"});
  unblock({"paris@example.com"});
  load(jid(kJuliet));
  EXPECT_EQ(list(), listed({"romeo@example.org"}));
  EXPECT_EQ(inbound(kOrchard, kMessage), "service-unavailable");
}

TEST_F(BlockingTest, RefusesWithoutDoingHalf) {
  EXPECT_NE(block({}).find("bad-request"), std::string::npos);
  EXPECT_NE(block({"a@x", "@"}).find("jid-malformed"), std::string::npos);
  EXPECT_NE(unblock({"@"}).find("jid-malformed"), std::string::npos);
  EXPECT_EQ(list(), listed({}));
}

TEST_F(BlockingTest, IsForTheOwnerOnly) {
  EXPECT_EQ(ask(kOrchard, kJuliet, "get", kList), error("auth", "forbidden"));
  EXPECT_EQ(ask(kOrchard, kJuliet, "set", command("block", {"a@x"})), error("auth", "forbidden"));
  EXPECT_EQ(ask(kOrchard, kJuliet, "set", command("unblock", {})), error("auth", "forbidden"));
}

TEST_F(BlockingTest, IsBounded) {
  std::vector<std::string> many;
  for (std::size_t i = 0; i < limits.blocked_addresses; ++i) many.push_back("a" + std::to_string(i) + "@x");
  EXPECT_EQ(block(many), result());
  EXPECT_NE(block({"one@more"}).find("resource-constraint"), std::string::npos);
  EXPECT_EQ(block({"a0@x"}), result());
}

// Section 5.
TEST_F(BlockingTest, MatchesByFourForms) {
  using Row = std::tuple<std::string, std::string_view, bool>;
  for (const auto& [blocked, from, expected] :
       {Row{"romeo@example.com/home", "romeo@example.com/home", true},
        Row{"romeo@example.com/home", "romeo@example.com/work", false},
        Row{"romeo@example.com/home", "romeo@example.com", false},
        Row{"romeo@example.com", "romeo@example.com/work", true}, Row{"romeo@example.com", "romeo@example.com", true},
        Row{"romeo@example.com", "example.com", false}, Row{"example.com/home", "example.com/home", true},
        Row{"example.com/home", "romeo@example.com/home", true}, Row{"example.com/home", "example.com", false},
        Row{"example.com", "example.com", true}, Row{"example.com", "example.com/x", true},
        Row{"example.com", "romeo@example.com/home", true}, Row{"example.com", "romeo@sub.example.com", false}}) {
    block({blocked});
    EXPECT_EQ(inbound(from, kMessage) != "pass", expected) << blocked << " and " << from;
    unblock({});
  }
}

// Section 3.3, by kind and type.
TEST_F(BlockingTest, ABlockedSenderFindsNobody) {
  block({std::string(kRomeo)});
  EXPECT_EQ(inbound(kOrchard, kMessage), "service-unavailable");
  EXPECT_EQ(inbound(kOrchard, "<message xmlns='jabber:client' type='error'/>"), "done");
  for (const std::string type : {"", " type='unavailable'", " type='subscribe'", " type='probe'", " type='error'"})
    EXPECT_EQ(inbound(kOrchard, "<presence xmlns='jabber:client'" + type + "/>"), "done") << type;
  for (const std::string type : {"get", "set"})
    EXPECT_EQ(inbound(kOrchard, "<iq xmlns='jabber:client' id='1' type='" + type + "'><x xmlns='urn:x'/></iq>"),
              "service-unavailable");
  for (const std::string type : {"result", "error"})
    EXPECT_EQ(inbound(kOrchard, "<iq xmlns='jabber:client' id='1' type='" + type + "'/>"), "done");
  EXPECT_EQ(inbound("paris@example.com/x", kMessage), "pass");
}

TEST_F(BlockingTest, NothingGoesToABlockedAddress) {
  block({std::string(kRomeo)});
  EXPECT_EQ(outbound(kOrchard, kMessage), "not-acceptable");
  EXPECT_EQ(outbound(kRomeo, kPresence), "not-acceptable");
  EXPECT_EQ(outbound("", kPresence), "pass");
  router::Passage passage{packet(kBalcony, kRomeo, kMessage), juliet(), &balcony(), {}, nullptr};
  const xmpp::StanzaError error = *points.outbound.front()(passage).error();
  EXPECT_EQ(error.type, xmpp::ErrorType::cancel);
  EXPECT_EQ(error.app_name, "blocked");
  EXPECT_EQ(error.app_ns, "urn:xmpp:blocking:errors");
}

TEST_F(BlockingTest, OwnSessionsAreNeverCutOff) {
  block({"juliet@example.org", "example.org"});
  EXPECT_EQ(inbound("juliet@example.org/phone", kMessage), "pass");
  EXPECT_EQ(outbound(kJuliet, kMessage), "pass");
  EXPECT_EQ(outbound(kRomeo, kMessage), "not-acceptable");
}

TEST_F(BlockingTest, ContactsSeeUsGoAndComeBack) {
  juliet().roster[jid(kRomeo)] = SubscriptionState::from;
  juliet().roster[jid("paris@example.com")] = SubscriptionState::to;
  const auto& hidden = points.hides_from.front();
  EXPECT_FALSE(hidden(juliet(), jid(kRomeo)));
  block({std::string(kRomeo), "paris@example.com"});
  block({std::string(kRomeo)});
  EXPECT_EQ(juliet().presences, std::vector<std::string>{"unavailable to romeo@example.org"});
  EXPECT_TRUE(hidden(juliet(), jid(kRomeo)));
  juliet().presences.clear();
  unblock({});
  EXPECT_EQ(juliet().presences, std::vector<std::string>{"available to romeo@example.org"});
  EXPECT_FALSE(hidden(juliet(), jid(kRomeo)));
}

TEST_F(BlockingTest, NobodyComesBackWhoIsBlockedOtherwise) {
  juliet().roster[jid("paris@example.com")] = SubscriptionState::both;
  block({"paris@example.com", "example.com"});
  juliet().presences.clear();
  unblock({"paris@example.com"});
  EXPECT_TRUE(juliet().presences.empty());
}

TEST_F(BlockingTest, SessionsThatAskedAreTold) {
  TestSession& phone = juliet().bind("phone", points.session_slots);
  block({"a@x"});
  EXPECT_TRUE(balcony().sent.empty());
  list();
  block({"b@x"});
  unblock({});
  EXPECT_TRUE(phone.sent.empty());
  ASSERT_EQ(balcony().sent.size(), 2U);
  const router::Delivery& push = balcony().sent[0];
  EXPECT_EQ(push.from, jid(kJuliet));
  EXPECT_EQ(push.to, jid(kBalcony));
  EXPECT_EQ(push.stanza->type(), xmpp::Type::set);
  EXPECT_NE(push.stanza->id(), balcony().sent[1].stanza->id());
  EXPECT_EQ(xml::to_string(*push.stanza->payload()), command("block", {"b@x"}));
  EXPECT_EQ(xml::to_string(*balcony().sent[1].stanza->payload()), command("unblock", {}));
}

}  // namespace
}  // namespace features_test
