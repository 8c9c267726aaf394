#include "features/last.h"

#include "account_fixture.h"

namespace features_test {
namespace {

using router::SubscriptionState;

constexpr const char* kQuery = "<query xmlns='jabber:iq:last'/>";

class LastTest : public FeatureTest {
 protected:
  LastTest() : FeatureTest(features::add_last) {}

  /// Juliet's session broadcasts presence.
  void broadcasts(TestSession& session, const std::string& presence) {
    router::Passage passage{packet(session.jid().str(), "", presence), juliet(), &session, {}, nullptr};
    EXPECT_FALSE(points.outbound.front()(passage).ends());
    session.is_available = presence.find("unavailable") == std::string::npos;
    settle();
  }
  void closes(TestSession& session) {
    session.is_available = false;
    points.session_closed.front()(juliet(), session);
    settle();
  }
  bool is_stored(std::string_view owner) {
    bool found = false;
    store->read(
        router().loop(), [owner](store::Reader& reader) { return reader.last_activity(owner); },
        [&found](const base::Result<std::optional<store::LastActivity>>& last) { found = last && *last; });
    settle();
    return found;
  }
  std::string seen_by_romeo() { return ask(kOrchard, kJuliet, "get", kQuery); }
  static std::string seconds(const std::string& number, const std::string& status = {}) {
    const std::string open = "<query xmlns='jabber:iq:last' seconds='" + number + "'";
    return result(status.empty() ? open + "/>" : open + ">" + status + "</query>");
  }
};

constexpr const char* kAvailable = "<presence xmlns='jabber:client'/>";
constexpr const char* kUnavailable =
    "<presence xmlns='jabber:client' type='unavailable'><status>Heading home</status></presence>";

TEST_F(LastTest, TellsHowLongTheServerRuns) {
  world.advance(std::chrono::hours(1));
  const std::string answer = ask("paris@example.com/x", kServer, "get", kQuery);
  EXPECT_EQ(answer, seconds("3600"));
}

// SECURITY: a presence leak otherwise (section 6).
TEST_F(LastTest, IsForSubscribersOnly) {
  EXPECT_EQ(seen_by_romeo(), error("auth", "forbidden"));
  juliet().roster[jid(kRomeo)] = SubscriptionState::to;
  EXPECT_EQ(seen_by_romeo(), error("auth", "forbidden"));
  for (const auto state : {SubscriptionState::from, SubscriptionState::both}) {
    juliet().roster[jid(kRomeo)] = state;
    EXPECT_EQ(seen_by_romeo(), seconds("0"));
  }
  EXPECT_EQ(ask(kBalcony, kJuliet, "get", kQuery), seconds("0"));
}

TEST_F(LastTest, RemembersTheLastWord) {
  juliet().roster[jid(kRomeo)] = SubscriptionState::from;
  broadcasts(balcony(), kAvailable);
  broadcasts(balcony(), kUnavailable);
  world.advance(std::chrono::seconds(903));
  EXPECT_EQ(seen_by_romeo(), seconds("903", "Heading home"));
  closes(balcony());
  EXPECT_NE(seen_by_romeo().find("Heading home"), std::string::npos) << "closing adds nothing";
}

TEST_F(LastTest, AClosedConnectionCountsToo) {
  juliet().roster[jid(kRomeo)] = SubscriptionState::from;
  broadcasts(balcony(), kAvailable);
  closes(balcony());
  world.advance(std::chrono::seconds(60));
  EXPECT_EQ(seen_by_romeo(), seconds("60"));
}

TEST_F(LastTest, OnlyTheLastSessionCounts) {
  juliet().roster[jid(kRomeo)] = SubscriptionState::from;
  TestSession& phone = juliet().bind("phone", points.session_slots);
  broadcasts(balcony(), kAvailable);
  broadcasts(phone, kAvailable);
  closes(balcony());
  phone.is_available = false;  // as if it were gone, but nobody said so
  EXPECT_EQ(seen_by_romeo(), error("cancel", "item-not-found"));
  closes(phone);
  EXPECT_NE(seen_by_romeo().find("seconds="), std::string::npos);
}

// Many leave at a time; a commit for each would cost more than all else they do.
TEST_F(LastTest, GoodbyesAreWrittenTogether) {
  juliet().roster[jid(kRomeo)] = SubscriptionState::from;
  broadcasts(balcony(), kAvailable);
  broadcasts(balcony(), kUnavailable);
  EXPECT_FALSE(is_stored(kJuliet));
  EXPECT_EQ(seen_by_romeo(), seconds("0", "Heading home"));
  world.advance(std::chrono::seconds(1));
  settle();
  EXPECT_TRUE(is_stored(kJuliet));
  EXPECT_EQ(seen_by_romeo(), seconds("3", "Heading home"));
}

TEST_F(LastTest, AStopWritesAtOnce) {
  broadcasts(balcony(), kAvailable);
  router::Passage arrival{packet(kOrchard, "", kAvailable), romeo(), &orchard(), {}, nullptr};
  points.outbound.front()(arrival);
  broadcasts(balcony(), kUnavailable);
  for (const auto& step : points.stopping) step();
  settle();
  EXPECT_TRUE(is_stored(kJuliet)) << "who was gone before";
  EXPECT_FALSE(is_stored(kRomeo));
  points.session_closed.front()(romeo(), orchard());
  settle();
  EXPECT_TRUE(is_stored(kRomeo)) << "who leaves because of it";
}

TEST_F(LastTest, ANewAccountOfTheNameInheritsNothing) {
  broadcasts(balcony(), kAvailable);
  broadcasts(balcony(), kUnavailable);
  load(jid(kJuliet));
  world.advance(std::chrono::seconds(2));
  settle();
  EXPECT_FALSE(is_stored(kJuliet));
}

TEST_F(LastTest, NobodyAsksASessionUnseen) {
  const auto verdict = [&](std::string_view from, const std::string& payload, const std::string& type = "get") {
    const auto iq = packet(from, kBalcony, "<iq xmlns='jabber:client' id='1' type='" + type + "'>" + payload + "</iq>");
    router::Passage passage{iq, juliet(), nullptr, {}, nullptr};
    return points.inbound.front()(passage);
  };
  ASSERT_TRUE(verdict(kOrchard, kQuery).error());
  EXPECT_EQ(verdict(kOrchard, kQuery).error()->condition, xmpp::Condition::forbidden);
  EXPECT_FALSE(verdict(kOrchard, "<ping xmlns='urn:xmpp:ping'/>").ends());
  EXPECT_FALSE(verdict(kOrchard, "", "result").ends());
  juliet().roster[jid(kRomeo)] = SubscriptionState::both;
  EXPECT_FALSE(verdict(kOrchard, kQuery).ends());
}

}  // namespace
}  // namespace features_test
