// Connections on four shards: each moves to the owner of its account before success is said.
#include <map>

#include "fixture.h"

namespace c2s_test {

using namespace std::chrono_literals;

namespace {

class MoveTest : public C2sTest, public testing::WithParamInterface<std::size_t> {
 protected:
  MoveTest() : C2sTest(4) {}
};

TEST_P(MoveTest, ToTheOwner) {
  for (const char* user : {"romeo", "juliet", "mercutio", "tybalt", "nurse"}) {
    const std::size_t home = owner(std::string(user) + "@example.org");
    Client client = connect({}, GetParam());
    client.bind(user);
    ASSERT_FALSE(accounts(home).sessions.empty()) << user;
    RecordingService::Session& session = accounts(home).sessions.back();
    EXPECT_EQ(session.jid.local(), user);
    client.ask(message("m1"));
    EXPECT_EQ(session.submitted, std::vector<std::string>{"m1"});
    accounts(home).deliver(session, "d1");
    EXPECT_TRUE(contains(client.hear(), "id='d1'"));
    EXPECT_EQ(clients[home]->counts().connections, 1U);
    EXPECT_EQ(counts().connections, 1U);
    client.peer().cut();
    settle();
  }
}

TEST_P(MoveTest, EverythingAtOnceAndByteByByte) {
  const std::string life = stream_header() + plain_auth("romeo", "secret") + stream_header() +
                           "<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>"
                           "<enable xmlns='urn:xmpp:sm:3' resume='true'/>" +
                           message("m1") + message("m2") + "<r xmlns='urn:xmpp:sm:3'/>";
  for (const std::size_t chunk : {sim::kNever, std::size_t{1}}) {
    Client client = connect({.chunk = chunk}, GetParam());
    client.ask(life);
    EXPECT_EQ(accounts(owner("romeo@example.org")).sessions.back().submitted, (std::vector<std::string>{"m1", "m2"}));
    EXPECT_TRUE(contains(client.seen, "<a xmlns='urn:xmpp:sm:3' h='2'/>")) << client.seen;
  }
}

TEST_P(MoveTest, ResumesFromAnotherShard) {
  Client romeo = connect({}, GetParam());
  romeo.bind();
  const std::string id = attribute(romeo.ask("<enable xmlns='urn:xmpp:sm:3' resume='true'/>"), "id");
  romeo.peer().cut();
  Client again = connect({}, (GetParam() + 1) % 4);
  again.log_in();
  const std::string got = again.ask("<resume xmlns='urn:xmpp:sm:3' h='0' previd='" + id + "'/>");
  EXPECT_TRUE(contains(got, "<resumed")) << got;
}

TEST_P(MoveTest, CutAtAnyByteOfTheAnswers) {
  const std::string life = stream_header() + plain_auth("romeo", "secret") + stream_header() +
                           "<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>" +
                           message("m1");
  for (std::size_t at = 1; at < 2500; at += 7) {
    Client client = connect({.cut_to_client = at}, GetParam());
    client.ask(life);
    client.peer().cut();
    settle();
    ASSERT_EQ(counts().connections, 0U) << at;
    ASSERT_EQ(counts().sessions, 0U) << at;
  }
}

TEST_P(MoveTest, AddressesAreCountedForAllShards) {
  limits.max_connections_per_address = 3;
  use(limits);
  std::vector<Client> clients_here;
  for (std::size_t i = 0; i < 4; ++i) clients_here.push_back(connect({}, (GetParam() + i) % 4));
  settle();
  EXPECT_EQ(counts().connections, 3U);
  clients_here.clear();
  settle();
  for (std::size_t i = 0; i < 3; ++i) clients_here.push_back(connect({}, i));
  settle();
  EXPECT_EQ(counts().connections, 3U);
}

TEST_P(MoveTest, StopsWhileMoving) {
  Client client = connect({}, GetParam());
  client.ask(stream_header());
  client.peer().send(plain_auth("romeo", "secret"));
  std::size_t stopped = 0;
  for (const auto& each : clients) each->stop([&] { ++stopped; });
  world->advance(limits.close + 1s);
  EXPECT_EQ(stopped, 4U);
  EXPECT_EQ(counts().connections, 0U);
}

INSTANTIATE_TEST_SUITE_P(AcceptedBy, MoveTest, testing::Range<std::size_t>(0, 4));

}  // namespace
}  // namespace c2s_test
