// Presence, subscriptions and the roster (RFC 6121 2 to 4) between local accounts and another server.
#include "fixture.h"

namespace accounts_test {
namespace {

class PresenceTest : public HouseTest {};

TEST_P(PresenceTest, AvailabilityReachesContactsAndOwnResources) {
  house.befriend("romeo@example.org", "juliet@example.org");
  const auto juliet = house.login("juliet@example.org/balcony");
  const auto street = house.login("romeo@example.org/street");
  juliet->take();
  const auto orchard = house.bind("romeo@example.org/orchard");
  house.send(*orchard, "<presence><show>away</show></presence>");
  EXPECT_EQ(juliet->take(),
            Texts{"<presence from='romeo@example.org/orchard' to='juliet@example.org'><show>away</show></presence>"});
  EXPECT_EQ(count_with(street->got, "from='romeo@example.org/orchard'"), 1u);
  // To itself, the other resource and the answer to its probe.
  EXPECT_EQ(count_with(orchard->got, "from='romeo@example.org/orchard'"), 1u);
  EXPECT_EQ(count_with(orchard->got, "from='romeo@example.org/street'"), 1u);
  EXPECT_EQ(count_with(orchard->got, "from='juliet@example.org/balcony'"), 1u);
  house.unbind(*orchard);
  EXPECT_EQ(juliet->take(),
            Texts{"<presence from='romeo@example.org/orchard' to='juliet@example.org' type='unavailable'/>"});
  EXPECT_EQ(count_with(street->got, "type='unavailable'"), 1u);
}

TEST_P(PresenceTest, ItsCopiesWeighOnTheWindow) {
  for (const char* contact : {"juliet", "mercutio", "tybalt", "nurse"})
    house.befriend("romeo@example.org", std::string(contact) + "@example.org");
  const auto romeo = house.login("romeo@example.org/orchard");
  romeo->copies = 1;
  house.send(*romeo, "<message to='juliet@example.org'><body>one</body></message>");
  EXPECT_EQ(romeo->copies, 1u);
  house.send(*romeo, "<presence><show>away</show></presence>");
  EXPECT_GE(romeo->copies, 4u);
}

TEST_P(PresenceTest, RemoteContactsAreToldAndProbed) {
  house.put(store::RosterPut{
      "romeo@example.org",
      {.jid = "nurse@example.com", .name = "", .subscription = store::Subscription::both, .groups = {}}});
  const auto romeo = house.login("romeo@example.org/orchard");
  EXPECT_EQ(house.remote.got.size(), 2u);
  EXPECT_EQ(count_with(house.remote.got, "type='probe'"), 1u);
  house.remote.got.clear();
  house.from_afar("nurse@example.com/h", "romeo@example.org", "<presence type='probe'/>");
  EXPECT_EQ(house.remote.got, Texts{"<presence from='romeo@example.org/orchard' to='nurse@example.com/h'>"
                                    "<priority>0</priority></presence>"});
  house.remote.got.clear();
  house.from_afar("tybalt@example.com/h", "romeo@example.org", "<presence type='probe'/>");
  EXPECT_EQ(house.remote.got,
            Texts{"<presence from='romeo@example.org' to='tybalt@example.com' type='unsubscribed'/>"});
}

TEST_P(PresenceTest, AProbeForSomebodyAwayIsAnsweredAbroad) {
  house.put(store::RosterPut{
      "romeo@example.org",
      {.jid = "nurse@example.com", .name = "", .subscription = store::Subscription::from, .groups = {}}});
  house.from_afar("nurse@example.com/h", "romeo@example.org", "<presence type='probe'/>");
  EXPECT_EQ(house.remote.got,
            Texts{"<presence from='romeo@example.org' to='nurse@example.com/h' type='unavailable'/>"});
  house.remote.got.clear();
  house.from_afar("nurse@example.com/h", "nobody@example.org", "<presence type='probe'/>");
  EXPECT_EQ(house.remote.got, Texts{});
}

TEST_P(PresenceTest, DirectedPresenceEndsWithTheSession) {
  const auto romeo = house.login("romeo@example.org/orchard");
  house.send(*romeo, "<presence to='room@muc.example.com/romeo'/>");
  house.send(*romeo, "<presence to='other@muc.example.com/romeo'/>");
  house.send(*romeo, "<presence to='other@muc.example.com/romeo' type='unavailable'/>");
  house.remote.got.clear();
  house.unbind(*romeo);
  EXPECT_EQ(house.remote.got,
            Texts{"<presence from='romeo@example.org/orchard' to='room@muc.example.com/romeo' type='unavailable'/>"});
}

TEST_P(PresenceTest, DirectedPresenceEndsWhenTheBroadcastDoes) {
  house.befriend("romeo@example.org", "juliet@example.org");
  const auto juliet = house.login("juliet@example.org/balcony");
  const auto romeo = house.login("romeo@example.org/orchard");
  house.send(*romeo, "<presence to='juliet@example.org/balcony'><status>only you</status></presence>");
  juliet->take();
  house.send(*romeo, "<presence type='unavailable'/>");
  EXPECT_EQ(juliet->take().size(), 1u) << "subscribers are told once";
  house.unbind(*romeo);
  EXPECT_EQ(juliet->take().size(), 0u);
}

TEST(DirectedPresence, IsBounded) {
  router::Limits limits;
  limits.directed_presences = 2;
  House house(1, limits);
  house.add_account("romeo");
  const auto romeo = house.login("romeo@example.org/orchard");
  for (int i = 0; i < 3; ++i) house.send(*romeo, "<presence to='r" + std::to_string(i) + "@muc.example.com/n'/>");
  EXPECT_EQ(house.remote.got.size(), 2u);
  EXPECT_EQ(count_with(romeo->got, "resource-constraint"), 1u);
}

TEST_P(PresenceTest, ASubscriptionFromRequestToPresence) {
  const auto romeo = house.login("romeo@example.org/orchard");
  house.send(*romeo, "<iq type='get' id='r'><query xmlns='jabber:iq:roster'/></iq>");
  romeo->take();
  house.send(*romeo, "<presence to='juliet@example.org/balcony' type='subscribe'/>");
  EXPECT_EQ(count_with(romeo->take(), "ask='subscribe'"), 1u);
  // Nobody was there: the request waits for the login, each login.
  for (int times = 0; times < 2; ++times) {
    const auto juliet = house.bind("juliet@example.org/balcony");
    house.send(*juliet, "<presence/>");
    EXPECT_EQ(count_with(juliet->got, "<presence from='romeo@example.org' to='juliet@example.org' type='subscribe'/>"),
              1u);
    house.unbind(*juliet);
  }
  const auto juliet = house.login("juliet@example.org/balcony");
  house.send(*juliet, "<presence to='romeo@example.org' type='subscribed'/>");
  const Texts got = romeo->take();
  ASSERT_EQ(got.size(), 3u);
  EXPECT_TRUE(got[0].contains("type='subscribed'")) << got[0];
  EXPECT_TRUE(got[1].contains("subscription='to'")) << got[1];
  EXPECT_TRUE(got[2].contains("from='juliet@example.org/balcony'")) << got[2];
  house.send(*juliet, "<presence to='romeo@example.org' type='unsubscribed'/>");
  EXPECT_EQ(count_with(romeo->got, "type='unavailable'"), 1u);
  EXPECT_EQ(count_with(romeo->got, "subscription='none'"), 1u);
}

TEST_P(PresenceTest, SubscribingToNobodyIsSilent) {
  const auto romeo = house.login("romeo@example.org/orchard");
  house.send(*romeo, "<presence to='nobody@example.org' type='subscribe'/>");
  EXPECT_EQ(romeo->take(), Texts{});
}

TEST_P(PresenceTest, TheRosterIsReadChangedAndPushed) {
  const auto romeo = house.login("romeo@example.org/orchard");
  const auto street = house.login("romeo@example.org/street");
  romeo->take();
  house.send(*romeo, "<iq type='get' id='r1'><query xmlns='jabber:iq:roster' ver=''/></iq>");
  const Texts first = romeo->take();
  ASSERT_EQ(first.size(), 1u);
  EXPECT_TRUE(first[0].contains("type='result' id='r1'")) << first[0];
  house.send(*romeo,
             "<iq type='set' id='r2'><query xmlns='jabber:iq:roster'><item jid='juliet@example.org' "
             "name='Juliet'><group>Capulets</group></item></query></iq>");
  const Texts got = romeo->take();
  EXPECT_EQ(count_with(got, "<group>Capulets</group>"), 1u);
  EXPECT_EQ(count_with(got, "type='result'"), 1u);
  EXPECT_EQ(count_with(street->got, "Capulets"), 0u) << "it never asked for the roster";
  house.send(*romeo, "<iq type='set' id='r3'><query xmlns='jabber:iq:roster'/></iq>");
  EXPECT_EQ(count_with(romeo->take(), "bad-request"), 1u);
  house.send(*romeo,
             "<iq type='set' id='r4'><query xmlns='jabber:iq:roster'><item jid='tybalt@example.org' "
             "subscription='remove'/></query></iq>");
  EXPECT_EQ(count_with(romeo->take(), "item-not-found"), 1u);
}

TEST_P(PresenceTest, RemovingAContactEndsBothSubscriptions) {
  house.befriend("romeo@example.org", "juliet@example.org");
  const auto juliet = house.login("juliet@example.org/balcony");
  const auto romeo = house.login("romeo@example.org/orchard");
  juliet->take();
  house.send(*romeo,
             "<iq type='set' id='r'><query xmlns='jabber:iq:roster'><item jid='juliet@example.org' "
             "subscription='remove'/></query></iq>");
  const Texts got = juliet->take();
  EXPECT_EQ(count_with(got, "type='unsubscribed'"), 1u);
  EXPECT_EQ(count_with(got, "type='unavailable'"), 1u);
  EXPECT_EQ(house.owner(juliet->jid).account(juliet->jid.bare())->subscription(romeo->jid),
            router::SubscriptionState::none);
}

TEST_P(PresenceTest, RemovingAnItemWithAResourceEndsNoSubscription) {
  house.befriend("romeo@example.org", "juliet@example.org");
  const auto juliet = house.login("juliet@example.org/balcony");
  const auto romeo = house.login("romeo@example.org/orchard");
  const auto set = [](const std::string& how) {
    return "<iq type='set' id='r'><query xmlns='jabber:iq:roster'><item jid='juliet@example.org/balcony'" + how +
           "/></query></iq>";
  };
  house.send(*romeo, set(""));
  juliet->take();
  house.send(*romeo, set(" subscription='remove'"));
  EXPECT_EQ(count_with(romeo->take(), "type='result'"), 2u);
  EXPECT_EQ(juliet->take(), Texts{});
}

TEST_P(PresenceTest, WhomAFeatureHidesFromSeesNothing) {
  for (auto& part : house.parts) {
    part->points.hides_from.emplace_back([](router::AccountView& account, const xmpp::Jid& contact) {
      return account.jid().local() == "romeo" && contact.local() == "juliet";
    });
  }
  house.befriend("romeo@example.org", "juliet@example.org");
  house.befriend("romeo@example.org", "mercutio@example.org");
  const auto juliet = house.login("juliet@example.org/balcony");
  const auto mercutio = house.login("mercutio@example.org/square");
  juliet->take();
  const auto romeo = house.login("romeo@example.org/orchard");
  house.send(*romeo, "<presence><show>away</show></presence>");
  house.send(*juliet, "<presence type='probe' to='romeo@example.org'/>");
  EXPECT_EQ(count_with(romeo->take(), "juliet@example.org/balcony"), 0u) << "no probe either";
  house.unbind(*romeo);
  EXPECT_EQ(juliet->take(), Texts{});
  EXPECT_EQ(count_with(mercutio->take(), "type='unavailable'"), 1u);
}

TEST_P(PresenceTest, ARosterChangeThatWasNotKeptIsTakenBack) {
  const auto romeo = house.login("romeo@example.org/orchard");
  house.send(*romeo, "<iq type='get' id='g'><query xmlns='jabber:iq:roster'/></iq>");
  const std::string add = "<iq type='set' id='s'><query xmlns='jabber:iq:roster'><item jid='nurse@example.org' name='";
  house.send(*romeo, add + "Nurse'/></query></iq>");
  romeo->take();
  sim::vfs_failure = SQLITE_FULL;
  house.submit(*romeo, add + "Angelica'/></query></iq>");
  house.send(*romeo, "<presence type='subscribe' to='juliet@example.org'/>");
  sim::vfs_failure = SQLITE_OK;
  house.settle();
  const Texts got = romeo->take();
  EXPECT_EQ(count_with(got, "internal-server-error"), 2u);
  ASSERT_GE(got.size(), 2u);
  EXPECT_EQ(count_with(got, "jid='juliet@example.org' subscription='remove'"), 1u);
  house.send(*romeo, "<iq type='get' id='g'><query xmlns='jabber:iq:roster'/></iq>");
  const Texts now = romeo->take();
  EXPECT_EQ(count_with(now, "name='Nurse'"), 1u);
  EXPECT_EQ(count_with(now, "juliet"), 0u);
}

TEST_P(PresenceTest, ForgedRosterPushesDoNotArrive) {
  const auto romeo = house.login("romeo@example.org/orchard");
  const char* push = "<iq type='set' id='p'><query xmlns='jabber:iq:roster'><item jid='x@y'/></query></iq>";
  house.from_afar("mallory@example.com/m", "romeo@example.org/orchard", push);
  house.from_afar("mallory@example.com/m", "romeo@example.org", push);
  const auto street = house.login("romeo@example.org/street");
  house.send(*street, "<iq type='set' id='p' to='romeo@example.org/orchard'><query xmlns='jabber:iq:roster'/></iq>");
  EXPECT_EQ(count_with(romeo->got, "jabber:iq:roster"), 0u);
  EXPECT_EQ(count_with(house.remote.got, "service-unavailable"), 1u);
  EXPECT_EQ(count_with(house.remote.got, "forbidden"), 1u);
}

EXEDRA_BOTH_SIZES(PresenceTest);

}  // namespace
}  // namespace accounts_test
