// A remote domain: what waits for it, when it is dialled, what its senders are told, what survives a crash.
#include "s2s/domain.h"

#include "outbound_fixture.h"

namespace s2s_test {
namespace {

using namespace std::chrono_literals;
using xmpp::Condition;

class DomainTest : public OutboundTest {
 protected:
  void SetUp() override {
    OutboundTest::SetUp();
    start();
  }
  void down(const std::string& why, Condition condition = Condition::remote_server_timeout, bool final = false) {
    peer.failure = {condition, why, final};
  }
  void up() { peer.failure = {}; }
};

TEST_F(DomainTest, DialsOnceAndSendsInOrder) {
  for (const char* id : {"1", "2", "3"}) say(id);
  world.advance(100ms);
  say("4");
  world.advance(100ms);
  EXPECT_EQ(peer.got, (Texts{"1", "2", "3", "4"}));
  EXPECT_EQ(peer.dialled, 1);
  EXPECT_EQ(open_slots, 0);
  EXPECT_TRUE(home.errors.empty());
  world.advance(1s);
  EXPECT_TRUE(spooled().empty()) << "what has arrived leaves no row";
  ASSERT_EQ(domain->pairs().size(), 1u);
  EXPECT_TRUE(domain->pairs()[0].up);
  EXPECT_EQ(domain->pairs()[0].bytes, 0u);
}

TEST_F(DomainTest, AWorkingLinkSparesTheRow) {
  say("0");
  world.advance(1s);
  peer.slowest = 20ms;
  for (int i = 1; i <= 5; ++i) say(std::to_string(i));
  world.settle();
  EXPECT_EQ(open_slots, 5) << "until they have arrived";
  world.advance(1ms);
  EXPECT_TRUE(spooled().empty());
  world.advance(1s);
  EXPECT_EQ(open_slots, 0);
  EXPECT_EQ(peer.got.size(), 6u);
  EXPECT_TRUE(spooled().empty());
}

TEST_F(DomainTest, NoSenderWaitsLongForASlowLinkAndWhatWasPromisedIsKept) {
  say("0");
  world.advance(1s);
  peer.reads = false;  // SECURITY F06
  say("1");
  say("2", false);
  ask("3");
  world.advance(500ms);
  EXPECT_EQ(open_slots, 0);
  EXPECT_EQ(spooled(), Texts{"1"}) << "an iq is not kept, nor what nobody was promised";
  EXPECT_TRUE(home.errors.empty());
  world.advance(61s);
  EXPECT_EQ(home.errors, Texts{"3 remote-server-timeout: example.net did not take the stanza in time"});
  world.advance(600s);
  EXPECT_EQ(home.errors.size(), 3u);
  EXPECT_TRUE(spooled().empty());
}

TEST_F(DomainTest, ADomainThatIsNotThereIsAnsweredAtOnceAndNotAskedForEachStanza) {
  down("there is no such domain", Condition::remote_server_not_found, true);
  say("1");
  ask("2");
  world.advance(100ms);
  const std::string why = " remote-server-not-found: there is no such domain";
  EXPECT_EQ(home.errors, (Texts{"1" + why, "2" + why}));
  say("3");
  world.advance(100ms);
  EXPECT_EQ(home.errors.size(), 3u);
  EXPECT_EQ(peer.dialled, 1);
  up();
  world.advance(10s);
  say("4");
  world.advance(100ms);
  EXPECT_EQ(peer.got, Texts{"4"});
  EXPECT_TRUE(spooled().empty());
}

TEST_F(DomainTest, MessagesWaitForAServerThatComesBackAndRequestsDoNot) {
  down("nobody answers");
  say("1");
  ask("2");
  say("3", false);
  world.advance(1s);
  EXPECT_EQ(home.errors, Texts{"2 remote-server-timeout: nobody answers"});
  EXPECT_EQ(spooled(), Texts{"1"});
  EXPECT_EQ(domain->pairs()[0].failure, "nobody answers");
  EXPECT_EQ(domain->pairs()[0].waiting, 2u);
  ask("4");
  world.advance(100ms);
  EXPECT_EQ(home.errors.size(), 2u) << "answered at once, without another attempt";
  world.advance(2min);
  EXPECT_GT(peer.dialled, 4);
  EXPECT_LT(peer.dialled, 10) << "less and less often";
  up();
  world.advance(3min);
  EXPECT_EQ(peer.got, (Texts{"1", "3"}));
  EXPECT_TRUE(spooled().empty());
  EXPECT_EQ(home.errors.size(), 2u);
}

TEST_F(DomainTest, AtItsDeadlineAMessageIsAnsweredWithTheReason) {
  down("nobody answers");
  say("1");
  world.advance(9min);
  EXPECT_TRUE(home.errors.empty());
  say("2");
  world.advance(61s);
  EXPECT_EQ(home.errors, Texts{"1 remote-server-timeout: nobody answers"});
  EXPECT_EQ(spooled(), Texts{"2"});
}

TEST_F(DomainTest, TheQueueIsBounded) {
  s2s::Limits limits;
  limits.queue_stanzas = 3;
  use(limits);
  down("nobody answers");
  for (const char* id : {"1", "2", "3", "4"}) say(id);
  world.advance(100ms);
  EXPECT_EQ(home.errors, Texts{"4 resource-constraint: too much is waiting for example.net"});
  say("5");
  world.advance(100ms);
  EXPECT_EQ(home.errors.back(), "5 resource-constraint: too much is waiting for example.net: nobody answers");
  limits.queue_stanzas = 1000;
  limits.queue_bytes = domain->pairs()[0].bytes + 1;
  use(limits);
  say("6");
  world.advance(100ms);
  EXPECT_EQ(home.errors.size(), 3u);
  EXPECT_EQ(open_slots, 0);
}

TEST_F(DomainTest, WhatIsSentAndNotAcknowledgedCountsAgainstTheBound) {
  s2s::Limits limits;
  limits.queue_stanzas = 2;
  use(limits);
  say("0");
  world.advance(1s);
  peer.slowest = 10s;
  for (const char* id : {"1", "2", "3"}) say(id);
  world.advance(1ms);
  EXPECT_EQ(domain->pairs()[0].unacknowledged, 2u);
  EXPECT_EQ(home.errors.size(), 1u);
}

TEST_F(DomainTest, ALostLinkIsResumedAndNothingIsLostOrDoubled) {
  say("0");
  world.advance(1s);
  peer.slowest = 10ms;
  for (int i = 1; i <= 9; ++i) say(std::to_string(i));
  world.advance(30ms);
  peer.cut();
  say("10");
  world.advance(10s);
  EXPECT_EQ(peer.got, (Texts{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10"}));
  EXPECT_EQ(peer.resumed, 1);
  EXPECT_TRUE(spooled().empty());
  EXPECT_EQ(open_slots, 0);
}

TEST_F(DomainTest, WhatCannotBeResumedIsSentAgainAfterAWhile) {
  say("0");
  world.advance(1s);
  peer.slowest = 10ms;
  say("1");
  world.settle();
  peer.cut();
  down("nobody answers");
  world.advance(299s);
  EXPECT_EQ(domain->pairs()[0].unacknowledged, 1u);
  world.advance(302s);
  EXPECT_EQ(home.errors, Texts{"1 remote-server-timeout: nobody answers"}) << "its deadline counts again";
  EXPECT_TRUE(spooled().empty());
}

TEST_F(DomainTest, PairsShareALinkAndARefusedOneHurtsNoOther) {
  peer.refused["rooms.example.org"] = {Condition::remote_server_timeout, "not for rooms", true};
  say("1");
  world.advance(100ms);
  say("2", true, "hall@rooms.example.org/Romeo");
  say("3");
  world.advance(100ms);
  EXPECT_EQ(peer.dialled, 1);
  EXPECT_EQ(peer.got, (Texts{"1", "3"}));
  EXPECT_EQ(home.errors, Texts{"2 remote-server-timeout: not for rooms"});
  peer.refused.clear();
  world.advance(10s);
  say("4", true, "hall@rooms.example.org/Romeo");
  world.advance(100ms);
  EXPECT_EQ(peer.got.back(), "4");
  EXPECT_EQ(peer.dialled, 1);
}

TEST_F(DomainTest, APeerWithoutMultiplexingGetsALinkForEachPair) {
  peer.multiplexes = false;
  say("1");
  world.advance(100ms);
  say("2", true, "hall@rooms.example.org/Romeo");
  world.advance(100ms);
  EXPECT_EQ(peer.got, (Texts{"1", "2"}));
  EXPECT_EQ(peer.dialled, 2);
}

TEST_F(DomainTest, WhomThePolicyForbidsIsNotDialled) {
  s2s::Policy::Parts parts;
  parts.blocked.add("example.net", {});
  shard->policy = base::make_ref<const s2s::Policy>(std::move(parts));
  say("1");
  world.advance(100ms);
  EXPECT_EQ(home.errors, Texts{"1 not-allowed: example.org does not federate with example.net"});
  EXPECT_EQ(peer.dialled, 0);
}

TEST_F(DomainTest, AfterACrashWhatWasPromisedIsSentInOrderBeforeAllElse) {
  down("nobody answers");
  for (const char* id : {"1", "2"}) say(id);
  say("lost", false);
  world.advance(1s);
  up();
  start();
  say("3");
  world.advance(100ms);
  EXPECT_EQ(peer.got, (Texts{"1", "2", "3"}));
  world.advance(1s);
  EXPECT_TRUE(spooled().empty());
}

TEST_F(DomainTest, AfterALongOutageItIsAnsweredInstead) {
  down("nobody answers");
  say("1");
  world.advance(1s);
  domain.reset();
  world.advance(1h);
  up();
  start();
  world.advance(100ms);
  EXPECT_EQ(home.errors, Texts{"1 remote-server-timeout: example.net did not take the stanza in time"});
  EXPECT_TRUE(spooled().empty());
}

TEST_F(DomainTest, RowsThatNobodyCanUseAreDropped) {
  auto unit = base::make_ref<store::Unit>();
  const auto row = [](std::int64_t id, const std::string& local, const std::string& stanza) {
    return store::SpoolPut{
        {.remote = "example.net", .id = id, .local = local, .deadline = base::WallTime::max(), .stanza = stanza}};
  };
  const std::string addressed = " to='juliet@example.net' from='romeo@example.org' id='4'/>";
  unit->add(row(1, "example.org", "<mess"));
  unit->add(row(2, "example.org", "<message xmlns='jabber:client' to='juliet@example.net' from='a@b@c'/>"));
  unit->add(row(3, "gone.example.org", "<message xmlns='jabber:client'" + addressed));
  unit->add(row(4, "example.org", "<message xmlns='jabber:client'" + addressed));
  store->write(unit, world.loop(), [](const base::Result<void>& done) { EXPECT_TRUE(done); });
  world.advance(100ms);
  start();
  say("5");
  world.advance(1s);
  EXPECT_EQ(peer.got, (Texts{"4", "5"}));
  EXPECT_TRUE(home.errors.empty());
  EXPECT_TRUE(spooled().empty());
}

TEST_F(DomainTest, ManyRowsAreReadInPagesAndSentInOrder) {
  down("nobody answers");
  for (int i = 10'000; i < 11'234; ++i) say(std::to_string(i));
  world.advance(1s);
  EXPECT_EQ(spooled().size(), 1234u);
  up();
  start();
  world.advance(1s);
  EXPECT_EQ(peer.got.size(), 1234u);
  EXPECT_TRUE(std::ranges::is_sorted(peer.got));
  EXPECT_TRUE(spooled().empty());
}

TEST_F(DomainTest, AtTheEndOfTheServerWhatWasPromisedIsWritten) {
  say("0");
  world.advance(1s);
  peer.slowest = 10s;
  say("1");
  world.settle();
  domain->stop();
  say("2");
  world.advance(10ms);
  EXPECT_EQ(open_slots, 0);
  EXPECT_EQ(spooled(), (Texts{"1", "2"}));
}

TEST_F(DomainTest, IsIdleOnlyWhenNothingIsKept) {
  EXPECT_FALSE(domain->idle()) << "the store is being read";
  world.advance(100ms);
  EXPECT_TRUE(domain->idle());
  say("1");
  EXPECT_FALSE(domain->idle());
  world.advance(1s);
  EXPECT_FALSE(domain->idle()) << "a link is open";
  domain->kick();
  world.advance(1s);
  EXPECT_TRUE(domain->idle());
}

TEST_F(DomainTest, ATicketThatOthersHaveTooIsHeldUntilTheRowIsThere) {
  down("nobody answers");
  world.advance(100ms);
  auto shared = slot();
  shared->seal();
  domain->receive(packet(message("1"), shared));
  domain->receive(packet(message("2"), shared));
  shared = {};
  world.settle();
  EXPECT_EQ(open_slots, 1);
  world.advance(100ms);
  EXPECT_EQ(open_slots, 0);
  EXPECT_EQ(spooled(), (Texts{"1", "2"}));
}

TEST_F(DomainTest, AStreamThatThePeerOpenedCarriesStanzasBack) {
  down("nobody answers");
  say("1");
  world.advance(100ms);
  world.advance(10min);
  home.errors.clear();
  std::unique_ptr<s2s::Link> link = peer.opened(*domain);
  ASSERT_TRUE(domain->adopt(link, "example.org"));
  say("2");
  world.advance(100ms);
  EXPECT_EQ(peer.got, Texts{"2"});
  auto second = peer.opened(*domain);
  EXPECT_FALSE(domain->adopt(second, "example.org"));
  EXPECT_TRUE(second);
}

TEST_F(DomainTest, AStreamThatThePeerOpenedTakesWhatWaited) {
  std::unique_ptr<s2s::Link> link = peer.opened(*domain);
  ASSERT_TRUE(domain->adopt(link, "example.org")) << "while the store is still being read";
  say("1");
  world.advance(100ms);
  EXPECT_EQ(peer.got, Texts{"1"});
  EXPECT_EQ(peer.dialled, 0);
}

TEST_F(DomainTest, NothingIsRelayedBetweenRemoteDomains) {
  say("1", true, "tybalt@example.com/x");
  world.advance(100ms);
  EXPECT_EQ(peer.dialled, 0);
  EXPECT_TRUE(domain->pairs().empty());
  EXPECT_EQ(open_slots, 0);
}

TEST_F(DomainTest, NoSlotNeedBeHeld) {
  s2s::Limits limits;
  limits.ticket = 0ms;
  use(limits);
  say("0");
  world.advance(1s);
  peer.slowest = 10s;
  say("1");
  world.advance(1ms);
  EXPECT_EQ(open_slots, 0);
  EXPECT_EQ(spooled(), Texts{"1"});
}

TEST_F(DomainTest, WhatMayNotBeKeptIsNotKept) {
  down("nobody answers");
  xml::Document secret = message("1");
  secret.root().add("no-store", xmpp::ns::hints);
  domain->receive(packet(std::move(secret), slot()));
  domain->receive(packet(xmpp::make_message(xmpp::Type::error, "2"), slot()));
  domain->receive(packet(xmpp::make_presence(xmpp::Type::available), slot()));
  world.advance(1s);
  EXPECT_TRUE(spooled().empty());
  EXPECT_EQ(open_slots, 0);
}

/// The sender's window is on another shard than the remote domain.
class DomainOnShardsTest : public OutboundTest {
 protected:
  DomainOnShardsTest() : OutboundTest(3, 2) {}
};

TEST_F(DomainOnShardsTest, ARowGoesHomeWithItsUnitAndIsTakenBackHere) {
  start();
  world.advance(100ms);
  peer.failure = {.text = "nobody answers"};
  domain->receive(packet(message("1"), base::make_ref<Slot>(*store, world.loop(1), true, open_slots)));
  EXPECT_EQ(open_slots, 0);
  world.advance(1s);
  EXPECT_EQ(spooled(), Texts{"1"});
  peer.failure = {};
  world.advance(10s);
  EXPECT_EQ(peer.got, Texts{"1"});
  EXPECT_TRUE(spooled().empty());
  domain->kick();
  world.advance(1s);
  EXPECT_TRUE(domain->idle());
}

}  // namespace
}  // namespace s2s_test
