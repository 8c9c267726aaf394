// A client from its first byte to its session's end, on one shard.
#include <algorithm>
#include <limits>

#include "fixture.h"

namespace c2s_test {

using namespace std::chrono_literals;

namespace {

constexpr std::string_view kEnable = "<enable xmlns='urn:xmpp:sm:3' resume='true'/>";
constexpr std::string_view kAskH = "<r xmlns='urn:xmpp:sm:3'/>";
std::string ack(int h) { return "<a xmlns='urn:xmpp:sm:3' h='" + std::to_string(h) + "'/>"; }
std::string resume_element(const std::string& id, std::uint32_t h) {
  return "<resume xmlns='urn:xmpp:sm:3' previd='" + id + "' h='" + std::to_string(h) + "'/>";
}

class SessionTest : public C2sTest {
 protected:
  RecordingService::Session& session(std::size_t n = 0) { return accounts().sessions.at(n); }
  /// Bound, with stream management; gives back the SM-ID.
  std::string manage(Client& client) {
    client.bind();
    return attribute(client.ask(kEnable), "id");
  }
};

TEST_F(SessionTest, BindsAndCarriesStanzas) {
  Client romeo = connect();
  const std::string features = romeo.log_in();
  EXPECT_TRUE(contains(features, "<csi xmlns='urn:xmpp:csi:0'/>")) << features;
  EXPECT_TRUE(contains(features, "<of-host xmlns='urn:example:example.org'/>")) << features;
  romeo.ask("<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>");
  romeo.ask(message("m1"));
  EXPECT_EQ(session().submitted, std::vector<std::string>{"m1"});
  accounts().deliver(session(), "d1");
  const std::string got = romeo.hear();
  EXPECT_TRUE(contains(got, "id='d1'")) << got;
  EXPECT_TRUE(contains(got, "from='juliet@example.org/balcony'")) << got;
  EXPECT_TRUE(contains(got, "to='romeo@example.org/made'")) << got;
  EXPECT_EQ(accounts().acknowledged, 1);  // written to the socket
  EXPECT_EQ(counts().sessions, 1U);
  EXPECT_EQ(session().link->peer(), kLocalPeer);
  EXPECT_EQ(romeo.ask("</stream:stream>"), "</stream:stream>");
  EXPECT_TRUE(romeo.peer().ended());
  EXPECT_FALSE(session().bound);
  EXPECT_TRUE(session().forget_mark);
  romeo.peer().end();
  settle();
  EXPECT_EQ(counts().connections, 0U);
  EXPECT_EQ(counts().sessions, 0U);
}

TEST_F(SessionTest, TheStreamsLanguageIsItsStanzas) {
  Client romeo = connect();
  romeo.ask(stream_header());
  romeo.ask(plain_auth("romeo", "secret"));
  romeo.ask(stream_header(" xml:lang='it'"));
  romeo.ask("<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>");
  romeo.ask(message("m1"));
  romeo.ask("<message id='m2' xml:lang='en'/>");
  EXPECT_EQ(session().lang, (std::vector<std::string>{"it", "en"}));
}

TEST_F(SessionTest, BindMayFailAndBeTriedAgain) {
  Client romeo = connect();
  romeo.log_in();
  const std::string_view bind = "<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>";
  EXPECT_TRUE(contains(romeo.ask(std::string(bind) + "refused</resource></bind></iq>"), "<conflict"));
  EXPECT_EQ(counts().sessions, 0U);
  EXPECT_TRUE(contains(romeo.ask(std::string(bind) + "orchard</resource></bind></iq>"), "example.org/orchard"));
}

TEST_F(SessionTest, AClientGoneWhileBindingIsUnbound) {
  accounts().hold_bind = true;
  Client romeo = connect();
  romeo.log_in();
  romeo.ask("<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>");
  romeo.peer().cut();
  settle();
  accounts().held_bind();
  settle();
  EXPECT_FALSE(session().bound);
  EXPECT_EQ(counts().sessions, 0U);
}

TEST_F(SessionTest, LossWithoutManagementGivesBackWhatWasNotWritten) {
  Client romeo = connect({.kernel = 0});
  romeo.bind();
  romeo.peer().read(false);
  accounts().deliver(session(), "d1");
  accounts().deliver(session(), "d2");
  romeo.hear();
  romeo.peer().cut();
  settle();
  EXPECT_FALSE(session().bound);
  EXPECT_EQ(session().unacknowledged, (std::vector<std::string>{"d1", "d2"}));
  EXPECT_EQ(accounts().acknowledged, 0);
}

TEST_F(SessionTest, AnswersAndAsksForCounts) {
  Client romeo = connect();
  EXPECT_EQ(manage(romeo).size(), 22U);                                     // 128 bits
  EXPECT_TRUE(contains(romeo.ask(message("m1") + message("m2")), ack(2)));  // unasked
  EXPECT_EQ(romeo.ask(kAskH), ack(2));
  for (int i = 0; i < 10; ++i) accounts().deliver(session(), "d" + std::to_string(i));
  EXPECT_TRUE(contains(romeo.hear(), kAskH));
  romeo.ask(ack(4));
  EXPECT_EQ(accounts().acknowledged, 4);
  EXPECT_EQ(romeo.hear(), "");
  world->advance(3s);
  EXPECT_EQ(romeo.hear(), kAskH);  // what is left
  romeo.ask(ack(10));
  EXPECT_EQ(accounts().acknowledged, 10);
  world->advance(5min);
  EXPECT_EQ(romeo.hear(), "");
}

TEST_F(SessionTest, SaysOnlyWhatIsComplete) {
  accounts().slow = true;
  Client romeo = connect();
  romeo.bind();
  romeo.ask(message("before"));  // not counted
  romeo.ask(kEnable);
  romeo.ask(message("m1") + message("m2"));
  EXPECT_EQ(romeo.ask(kAskH), ack(0));
  accounts().complete(session(), 2);
  EXPECT_EQ(romeo.hear(), ack(1));
  accounts().complete(session(), 1);
  EXPECT_EQ(romeo.hear(), ack(2));
}

TEST_F(SessionTest, AckAboveWhatWasSentEndsTheStream) {
  Client romeo = connect();
  manage(romeo);
  const std::string got = romeo.ask(ack(1));
  EXPECT_TRUE(contains(got, "<undefined-condition")) << got;
  EXPECT_TRUE(contains(got, "<handled-count-too-high")) << got;
  EXPECT_FALSE(session().bound);
}

TEST_F(SessionTest, NoAnswerToAskingCountsAsLoss) {
  Client romeo = connect();
  manage(romeo);
  accounts().deliver(session(), "d1");
  romeo.peer().vanish();
  world->advance(3s + limits.sm_answer + 1s);
  EXPECT_EQ(counts().connections, 0U);
  EXPECT_EQ(counts().hibernated, 1U);
}

TEST_F(SessionTest, ResumesAfterALoss) {
  Client romeo = connect();
  const std::string id = manage(romeo);
  romeo.ask(message("m1"));
  accounts().deliver(session(), "d1");
  accounts().deliver(session(), "d2");
  romeo.hear();
  romeo.peer().cut();
  settle();
  EXPECT_TRUE(session().bound);
  EXPECT_TRUE(session().link->hibernated());
  EXPECT_EQ(counts().hibernated, 1U);
  accounts().deliver(session(), "d3");
  world->advance(1min);

  Client again = connect();
  again.log_in();
  const std::string got = again.ask(resume_element(id, 1));
  EXPECT_TRUE(contains(got, "<resumed")) << got;
  EXPECT_EQ(attribute(got.substr(0, got.find("<message")), "h"), "1");
  EXPECT_FALSE(contains(got, "id='d1'"));
  EXPECT_LT(got.find("id='d2'"), got.find("id='d3'"));
  EXPECT_EQ(accounts().acknowledged, 1);
  EXPECT_EQ(counts().hibernated, 0U);
  again.ask(message("m2"));
  EXPECT_EQ(again.ask(kAskH), ack(2));
  again.ask(ack(3));
  EXPECT_EQ(accounts().acknowledged, 3);
  EXPECT_EQ(session().submitted, (std::vector<std::string>{"m1", "m2"}));
}

TEST_F(SessionTest, ResumedWaitsForTheWindow) {
  accounts().slow = true;
  Client romeo = connect();
  const std::string id = manage(romeo);
  romeo.ask(message("m1"));
  romeo.peer().cut();
  Client again = connect();
  again.log_in();
  EXPECT_EQ(again.ask(resume_element(id, 0)), "");
  accounts().complete(session(), 1);
  EXPECT_EQ(attribute(again.hear(), "h"), "1");
}

TEST_F(SessionTest, TheOneThatResumesReplacesTheOthers) {
  accounts().slow = true;
  Client first = connect();
  const std::string id = manage(first);
  first.ask(message("m1"));
  Client second = connect();
  second.log_in();
  EXPECT_EQ(second.ask(resume_element(id, 0)), "");
  EXPECT_TRUE(contains(first.hear(), "<conflict"));
  Client third = connect();
  third.log_in();
  third.ask(resume_element(id, 0));
  EXPECT_TRUE(contains(second.hear(), "<conflict"));
  accounts().complete(session(), 1);
  EXPECT_TRUE(contains(third.hear(), "<resumed"));
  EXPECT_TRUE(session().bound);
  EXPECT_EQ(session().submitted, std::vector<std::string>{"m1"});
}

TEST_F(SessionTest, ResumesOnlyItsOwn) {
  Client romeo = connect();
  const std::string id = manage(romeo);
  romeo.peer().cut();
  Client tybalt = connect();
  tybalt.log_in("tybalt");
  for (const std::string& previd : {id, std::string("unknown"), std::string(2000, 'x')})
    EXPECT_TRUE(contains(tybalt.ask(resume_element(previd, 0)), "<item-not-found")) << previd;
  const std::string bound = tybalt.ask("<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>");
  EXPECT_TRUE(contains(bound, "tybalt@example.org/")) << bound;
  EXPECT_EQ(counts().hibernated, 1U);
}

TEST_F(SessionTest, TellsTheMarkOfAnEarlierRun) {
  write(store::SmMarkPut{{.sm_id = "earlier", .owner = "romeo@example.org", .h = 41, .time = {}}});
  Client romeo = connect();
  romeo.log_in();
  EXPECT_EQ(attribute(romeo.ask(resume_element("earlier", 0)), "h"), "41");
  Client tybalt = connect();
  tybalt.log_in("tybalt");
  EXPECT_EQ(attribute(tybalt.ask(resume_element("earlier", 0)), "h"), "");
}

// SECURITY C13.
TEST_F(SessionTest, TheLargestCountIsToldAsItIs) {
  write(store::SmMarkPut{{.sm_id = "earlier", .owner = "romeo@example.org", .h = 4294967295, .time = {}}});
  Client romeo = connect();
  romeo.log_in();
  EXPECT_EQ(attribute(romeo.ask(resume_element("earlier", 4294967295)), "h"), "4294967295");
}

TEST_F(SessionTest, ResumptionThatAcknowledgesTooMuchFails) {
  Client romeo = connect();
  const std::string id = manage(romeo);
  romeo.peer().cut();
  Client again = connect();
  again.log_in();
  EXPECT_TRUE(contains(again.ask(resume_element(id, 5)), "<handled-count-too-high"));
  EXPECT_EQ(counts().hibernated, 1U);
}

TEST_F(SessionTest, ExpiresAndGivesBackWhatWasNotAcknowledged) {
  Client romeo = connect();
  manage(romeo);
  accounts().deliver(session(), "d1");
  romeo.hear();
  romeo.peer().cut();
  settle();
  accounts().deliver(session(), "d2");
  world->advance(limits.hibernation + 1s);
  EXPECT_FALSE(session().bound);
  EXPECT_FALSE(session().forget_mark);
  EXPECT_EQ(session().unacknowledged, (std::vector<std::string>{"d1", "d2"}));
  EXPECT_EQ(counts().sessions, 0U);
}

TEST_F(SessionTest, AQueueThatOverflowsEndsTheSession) {
  limits.sm_queue_stanzas = 3;
  use(limits);
  Client romeo = connect();
  manage(romeo);
  for (const char* id : {"d1", "d2", "d3", "d4", "d5"}) accounts().deliver(session(), id);
  EXPECT_TRUE(contains(romeo.hear(), "<resource-constraint"));
  EXPECT_EQ(session().unacknowledged, (std::vector<std::string>{"d1", "d2", "d3", "d4", "d5"}));
}

TEST_F(SessionTest, ASleeperThatOverflowsEnds) {
  limits.sm_queue_stanzas = 1;
  use(limits);
  Client romeo = connect();
  manage(romeo);
  romeo.peer().cut();
  settle();
  accounts().deliver(session(), "d1");
  accounts().deliver(session(), "d2");
  settle();
  EXPECT_EQ(session().unacknowledged, (std::vector<std::string>{"d1", "d2"}));
  EXPECT_EQ(counts().hibernated, 0U);
}

TEST_F(SessionTest, TheOldestSleeperMakesRoom) {
  limits.hibernated_per_account = 2;
  limits.hibernated_per_server = 3;
  use(limits);
  for (const char* user : {"tybalt", "romeo", "romeo", "romeo"}) {
    Client client = connect();
    client.bind(user, "r" + std::to_string(accounts().sessions.size()));
    client.ask(kEnable);
  }  // each is cut when it goes
  settle();
  EXPECT_TRUE(session(0).bound);
  EXPECT_FALSE(session(1).bound) << "the account's oldest";
  EXPECT_EQ(counts().hibernated, 3U);
  {
    Client nurse = connect();
    nurse.bind("nurse");
    nurse.ask(kEnable);
  }
  settle();
  EXPECT_FALSE(session(0).bound) << "the server's oldest";
  EXPECT_EQ(counts().hibernated, 3U);
}

TEST_F(SessionTest, BindTwoWithEverythingInside) {
  Client romeo = connect();
  romeo.ask(stream_header());
  using namespace std::string_literals;
  const std::string initial = base::base64("\0romeo\0secret"s);
  const auto authenticate = [&](const std::string& inner) {
    return "<authenticate xmlns='urn:xmpp:sasl:2' mechanism='PLAIN'><initial-response>" + initial +
           "</initial-response>" + inner + "</authenticate>";
  };
  const std::string bind =
      "<bind xmlns='urn:xmpp:bind:0'><tag>phone</tag><enable xmlns='urn:xmpp:sm:3' "
      "resume='true'/></bind>";
  std::string got = romeo.ask(authenticate(bind));
  EXPECT_TRUE(contains(got, "<csi xmlns='urn:xmpp:csi:0'/>")) << got;
  EXPECT_TRUE(contains(got, "<enabled")) << got;
  EXPECT_TRUE(contains(got, "romeo@example.org/phone/")) << got;
  const std::string enabled = got.substr(got.find("<enabled"));
  const std::string id = attribute(enabled.substr(0, enabled.find('>')), "id");
  accounts().deliver(session(), "d1");
  romeo.hear();
  romeo.peer().cut();
  settle();
  EXPECT_EQ(counts().hibernated, 1U);

  Client again = connect();
  again.ask(stream_header());
  got = again.ask(authenticate(resume_element(id, 0) + bind));
  EXPECT_TRUE(contains(got, "<resumed")) << got;
  EXPECT_FALSE(contains(got, "<bound")) << got;
  EXPECT_TRUE(contains(got, "id='d1'")) << got;
  EXPECT_EQ(accounts().sessions.size(), 1U);
}

TEST_F(SessionTest, AFullWindowIsNotRead) {
  limits.window_stanzas = 3;
  use(limits);
  accounts().slow = true;
  Client romeo = connect();
  romeo.bind();
  std::string five;
  for (const char* id : {"m1", "m2", "m3", "m4", "m5"}) five += message(id);
  romeo.ask(five);
  EXPECT_EQ(session().submitted.size(), 3U);
  EXPECT_TRUE(romeo.peer().unread());
  accounts().complete(session(), 1);
  settle();
  EXPECT_EQ(session().submitted.size(), 4U);
  accounts().complete(session(), 3);
  settle();
  EXPECT_EQ(session().submitted, (std::vector<std::string>{"m1", "m2", "m3", "m4", "m5"}));
  EXPECT_FALSE(romeo.peer().unread());
}

TEST_F(SessionTest, AFanOutFillsTheWindowAsItsCopiesWould) {
  limits.window_bytes = 100'000;
  use(limits);
  accounts().slow = true;
  Client romeo = connect();
  romeo.bind();
  romeo.ask(message("m1"));
  session().link->weigh(1000);
  romeo.ask(message("m2") + message("m3"));
  EXPECT_EQ(session().submitted.size(), 1U);
  EXPECT_TRUE(romeo.peer().unread());
  session().link->weigh(std::numeric_limits<std::size_t>::max());
  accounts().complete(session(), 1);
  settle();
  EXPECT_EQ(session().submitted.size(), 3U) << "the weight goes with the stanza";
}

TEST_F(SessionTest, WhenMuchIsUnderWayEachClientIsReadOneStanzaAtATime) {
  limits.under_way_stanzas = 100;
  use(limits);
  accounts().slow = true;
  Client romeo = connect();
  romeo.bind();
  std::string many;
  for (int i = 0; i < 120; ++i) many += message("m" + std::to_string(i));
  romeo.ask(many);
  const std::size_t first = session().submitted.size();
  EXPECT_LE(first, 100U);
  EXPECT_GT(first, 1U);
  accounts().complete(session(), first - 1);
  settle();
  EXPECT_GT(session().submitted.size(), first) << "it is read on when there is room again";
  for (int i = 0; i < 120 && session().submitted.size() < 120; ++i) {
    accounts().complete(session(), 1);
    settle();
  }
  EXPECT_EQ(session().submitted.size(), 120U);
}

TEST_F(SessionTest, AClientThatDoesNotReadIsCut) {
  limits.out_queue_bytes = 1000;
  use(limits);
  Client romeo = connect({.kernel = 2000});
  manage(romeo);
  romeo.peer().read(false);
  for (int i = 0; i < 40; ++i) {
    accounts().deliver(session(), "d" + std::to_string(i));
    world->settle();
  }
  settle();
  EXPECT_EQ(counts().connections, 0U);
  EXPECT_EQ(counts().hibernated, 1U);
  Client again = connect();
  again.log_in();
  const std::string got = again.ask(resume_element(session().sm_id, 0));
  for (int i = 0; i < 40; ++i) EXPECT_TRUE(contains(got, "id='d" + std::to_string(i) + "'")) << i;
}

TEST_F(SessionTest, AccountsEndsASession) {
  Client romeo = connect();
  manage(romeo);
  accounts().deliver(session(), "d1");
  const auto left = session().link->close({xmpp::StreamCondition::conflict, "replaced"});
  EXPECT_EQ(RecordingService::ids(left), std::vector<std::string>{"d1"});
  EXPECT_TRUE(contains(romeo.hear(), "<conflict"));
  EXPECT_EQ(counts().sessions, 0U);
  EXPECT_TRUE(session().bound) << "accounts unbound it itself and isn't told again";
}

TEST_F(SessionTest, AccountsEndsItOverAStanza) {
  accounts().closes_at = "m2";
  Client romeo = connect();
  manage(romeo);
  const std::string got = romeo.ask(message("m1") + message("m2") + message("m3"));
  EXPECT_LT(got.find(ack(1)), got.find("<invalid-from")) << got;
  EXPECT_EQ(session().submitted, (std::vector<std::string>{"m1", "m2"}));
  EXPECT_EQ(counts().sessions, 0U);
  romeo.peer().cut();
  settle();
  EXPECT_EQ(counts().connections, 0U);
}

TEST_F(SessionTest, ASlowClientIsGivenTimeToReachTheQuestion) {
  Client romeo = connect({.kernel = 10});
  manage(romeo);
  romeo.peer().read(false);
  accounts().deliver(session(), "d1");
  world->advance(3 * limits.sm_answer);
  EXPECT_EQ(counts().connections, 1U);
  romeo.peer().read(true);
  world->advance(2 * limits.sm_answer);
  EXPECT_EQ(counts().connections, 0U);
}

TEST_F(SessionTest, PassesClientStateOn) {
  Client romeo = connect();
  const std::string id = manage(romeo);
  romeo.ask("<inactive xmlns='urn:xmpp:csi:0'/>");
  romeo.peer().cut();
  Client again = connect();
  again.log_in();
  again.ask(resume_element(id, 0));
  EXPECT_EQ(session().states, (std::vector<bool>{false, true}));  // a resumed stream is active
}

TEST_F(SessionTest, StopTellsEverybodyAndAcknowledges) {
  accounts().slow = true;
  Client romeo = connect();
  manage(romeo);
  romeo.ask(message("m1"));
  Client sleeper = connect();
  sleeper.bind("juliet");
  sleeper.ask(kEnable);
  sleeper.peer().cut();
  Client early = connect();
  early.ask(stream_header());
  bool stopped = false;
  clients[0]->stop([&] { stopped = true; });
  EXPECT_TRUE(contains(early.hear(), "<system-shutdown"));
  EXPECT_FALSE(session(1).bound);
  EXPECT_TRUE(session(0).bound) << "waits for what is under way";
  accounts().complete(session(0), 1);
  const std::string last = romeo.hear();
  EXPECT_LT(last.find(ack(1)), last.find("<system-shutdown")) << last;
  EXPECT_FALSE(session(0).bound);
  EXPECT_FALSE(session(0).forget_mark);
  EXPECT_FALSE(stopped);
  romeo.peer().end();
  early.peer().end();
  settle();
  EXPECT_TRUE(stopped);
  EXPECT_EQ(counts().connections, 0U);
}

TEST_F(SessionTest, StopIsBounded) {
  accounts().slow = true;
  Client romeo = connect();
  romeo.bind();
  romeo.ask(message("m1"));
  romeo.peer().vanish();
  bool stopped = false;
  clients[0]->stop([&] { stopped = true; });
  world->advance(limits.close + 1ms);
  EXPECT_TRUE(stopped);
  EXPECT_FALSE(session().bound);
  EXPECT_EQ(counts().connections, 0U);
}

}  // namespace
}  // namespace c2s_test
