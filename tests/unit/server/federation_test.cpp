// Two servers of this program speak with each other as their users would: over streams, DNS and dialback.
#include "federated.h"

namespace server_test {
namespace {

class Federation : public Federated {
 protected:
  Federation() {
    org.add_account("romeo");
    net.add_account("juliet");
  }
};

TEST_F(Federation, MessagesPassBothWays) {
  sim::Peer romeo = org.login("romeo"), juliet = net.login("juliet");
  say(romeo, chat("juliet@example.net", "m1"));
  const std::string heard = juliet.take();
  EXPECT_TRUE(heard.contains("<body>m1</body>")) << heard;
  EXPECT_TRUE(heard.contains("from='romeo@example.org/x'")) << heard;
  say(juliet, chat("romeo@example.org", "m2"));
  EXPECT_TRUE(romeo.take().contains("<body>m2</body>"));
  const std::size_t before = dialled;
  for (int i = 0; i < 10; ++i) say(romeo, chat("juliet@example.net", "n" + std::to_string(i)), 0s);
  world.advance(2s);
  EXPECT_EQ(dialled, before);
  EXPECT_TRUE(juliet.take().contains("<body>n9</body>"));
}

TEST_F(Federation, WhoIsOfflineGetsItLater) {
  sim::Peer romeo = org.login("romeo");
  say(romeo, chat("juliet@example.net", "late"));
  EXPECT_FALSE(romeo.take().contains("type='error'"));
  sim::Peer juliet = net.login("juliet");
  world.advance(2s);
  EXPECT_TRUE(juliet.take().contains("<body>late</body>"));
  say(romeo, chat("nobody@example.net", "m1"));
  EXPECT_TRUE(romeo.take().contains("<service-unavailable"));
}

TEST_F(Federation, ADomainThatIsNotThereIsAnswered) {
  sim::Peer romeo = org.login("romeo");
  say(romeo, chat("x@nowhere.example", "m1"));
  const std::string answer = romeo.take();
  EXPECT_TRUE(answer.contains("<remote-server-not-found")) << answer;
}

TEST_F(Federation, SubscriptionsAndPresenceGoBothWays) {
  sim::Peer romeo = org.login("romeo"), juliet = net.login("juliet");
  say(romeo, "<presence type='subscribe' to='juliet@example.net'/>");
  EXPECT_TRUE(juliet.take().contains("type='subscribe'"));
  say(juliet,
      "<presence type='subscribed' to='romeo@example.org'/><presence type='subscribe' to='romeo@example.org'/>");
  const std::string told = romeo.take();
  EXPECT_TRUE(told.contains("type='subscribed'") && told.contains("from='juliet@example.net/x'")) << told;
  say(romeo, "<presence type='subscribed' to='juliet@example.net'/>");
  EXPECT_TRUE(juliet.take().contains("from='romeo@example.org/x'"));
  say(juliet, "<presence><show>away</show></presence>");
  EXPECT_TRUE(romeo.take().contains("<show>away</show>"));
  say(romeo, "<presence type='unavailable'/>");
  EXPECT_TRUE(juliet.take().contains("type='unavailable'"));
}

TEST_F(Federation, RoomsHaveGuestsFromBothSides) {
  sim::Peer romeo = org.login("romeo"), juliet = net.login("juliet");
  struct Side {
    sim::Peer& host;
    sim::Peer& guest;
    std::string room;
  };
  for (const Side& side :
       {Side{romeo, juliet, "balcony@conference.example.org"}, Side{juliet, romeo, "orchard@conference.example.net"}}) {
    const std::string join = "<x xmlns='http://jabber.org/protocol/muc'/></presence>";
    say(side.host, "<presence to='" + side.room + "/host'>" + join);
    say(side.host, "<iq type='set' id='f' to='" + side.room +
                       "'><query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' "
                       "type='submit'/></query></iq>");
    say(side.guest, "<presence to='" + side.room + "/guest'>" + join);
    EXPECT_TRUE(side.guest.take().contains("code='110'"));
    say(side.guest, "<message type='groupchat' to='" + side.room + "'><body>Hear me</body></message>");
    const std::string heard = side.host.take();
    EXPECT_TRUE(heard.contains("from='" + side.room + "/guest'") && heard.contains("Hear me")) << heard;
    EXPECT_TRUE(side.guest.take().contains("Hear me"));
  }
}

TEST_F(Federation, WhatIsSaidWhileAPeerIsAwayArrivesOnce) {
  sim::Peer romeo = org.login("romeo"), juliet = net.login("juliet");
  say(romeo, chat("juliet@example.net", "before"));
  EXPECT_TRUE(juliet.take().contains("before"));
  silence(org, "198.51.100.2");
  for (const auto& wire : wires) wire->vanish();
  for (int i = 0; i < 20; ++i) say(romeo, chat("juliet@example.net", "w" + std::to_string(i) + "."), 1s);
  world.advance(90s);
  EXPECT_EQ(juliet.take(), "");
  listen(org, net, "198.51.100.2");
  world.advance(5min);
  const std::string heard = juliet.take();
  for (int i = 0; i < 20; ++i) EXPECT_EQ(count(heard, "<body>w" + std::to_string(i) + ".</body>"), 1U) << i;
  EXPECT_FALSE(romeo.take().contains("type='error'"));
}

// Wires break at any time, noticed or not: nothing is lost, nothing doubled.
class Faulty : public testing::TestWithParam<int> {};

struct Weather : Federated {
  explicit Weather(std::uint64_t seed) : Federated(policy(), policy(), seed) {}
  void TestBody() override {
    org.add_account("romeo");
    net.add_account("juliet");
    sim::Peer romeo = org.login("romeo"), juliet = net.login("juliet");
    std::string heard, back;
    for (int i = 0; i < 60; ++i) {
      say(romeo, chat("juliet@example.net", "w" + std::to_string(i) + "."), 0s);
      say(juliet, chat("romeo@example.org", "v" + std::to_string(i) + "."), 0s);
      world.advance(base::Duration(world.draw(4'000'000)));
      if (world.draw(3) == 0) wires.clear();
      if (world.draw(4) == 0) world.advance(20s);
      if (world.draw(12) == 0)
        for (const auto& wire : wires) wire->vanish();
      for (House* house : {&org, &net})
        for (const auto& dns : house->dns()) dns->latency = base::Duration(world.draw(3'000'000));
      if (world.draw(6) == 0) close_for(base::Duration(world.draw(20'000'000)));
      heard += juliet.take();
      back += romeo.take();
    }
    world.advance(10min);
    heard += juliet.take();
    back += romeo.take();
    for (int i = 0; i < 60; ++i) {
      EXPECT_EQ(count(heard, "<body>w" + std::to_string(i) + ".</body>"), 1U) << i;
      EXPECT_EQ(count(back, "<body>v" + std::to_string(i) + ".</body>"), 1U) << i;
    }
    EXPECT_GT(dialled, 4U);
  }
  /// Nobody gets a connection meanwhile: the first attempts to resume a stream fail.
  void close_for(base::Duration time) {
    silence(org, "198.51.100.2");
    silence(net, "198.51.100.1");
    wires.clear();
    world.advance(time);
    listen(org, net, "198.51.100.2");
    listen(net, org, "198.51.100.1");
  }
};

TEST_P(Faulty, AllArrivesOnce) { Weather(static_cast<std::uint64_t>(GetParam())).TestBody(); }
INSTANTIATE_TEST_SUITE_P(Seeds, Faulty, testing::Range(1, 41));

TEST_F(Federation, WhereNoStreamComesUpTheNextMachineIsTriedAtOnce) {
  std::size_t hung_up = 0;
  for (const auto& dns : org.dns()) {
    dns->remove("_xmpp-server._tcp.example.net");
    dns->add("_xmpp-server._tcp.example.net", ::net::Srv{.priority = 1, .port = 5269, .host = "first.example.net"});
    dns->add("_xmpp-server._tcp.example.net", ::net::Srv{.priority = 2, .port = 5269, .host = "xmpp.example.net"});
    dns->add("first.example.net", std::string("198.51.100.7"));
  }
  for (const auto& dialer : org.dialers())
    dialer->listen("198.51.100.7", 5269, [&](sim::Peer peer) {
      ++hung_up;
      peer.cut();
    });
  sim::Peer romeo = org.login("romeo"), juliet = net.login("juliet");
  say(romeo, chat("juliet@example.net", "m1"), 1s);
  EXPECT_EQ(count(juliet.take(), "<body>m1</body>"), 1U);
  EXPECT_EQ(hung_up, 1U);
}

// RFC 7673 3.3.
TEST_F(Federation, WhereCertificateRecordsCannotBeHadNobodyIsSpokenWith) {
  const std::string name = "_5269._tcp.xmpp.example.net";
  for (const auto& dns : org.dns()) {
    dns->secure = true;
    dns->fail(name, ::net::DnsFailure::Kind::bogus);
  }
  sim::Peer romeo = org.login("romeo"), juliet = net.login("juliet");
  say(romeo, "<iq type='get' id='p1' to='example.net'><ping xmlns='urn:xmpp:ping'/></iq>");
  EXPECT_TRUE(romeo.take().contains("has no certificate records"));
  EXPECT_EQ(dialled, 1U);
  for (const auto& dns : org.dns()) dns->fail(name, {});
  say(romeo, chat("juliet@example.net", "m1"), 30s);
  EXPECT_EQ(count(juliet.take(), "<body>m1</body>"), 1U);
}

TEST_F(Federation, OneStreamGoesBothWays) {
  sim::Peer romeo = org.login("romeo"), juliet = net.login("juliet");
  say(romeo, chat("juliet@example.net", "m1"));
  const std::size_t before = dialled;  // the stream, and the question about its key
  for (int i = 0; i < 5; ++i) say(juliet, chat("romeo@example.org", "n" + std::to_string(i)));
  EXPECT_EQ(dialled, before);
  EXPECT_TRUE(romeo.take().contains("<body>n4</body>"));
  s2s::Policy::Parts apart = policy();
  apart.rules.bidi = false;
  net.use(std::move(apart));
  wires.clear();
  world.advance(1min);
  say(romeo, chat("juliet@example.net", "m2"), 20s);
  const std::size_t again = dialled;
  say(juliet, chat("romeo@example.org", "n5"), 20s);
  EXPECT_GT(dialled, again);
  EXPECT_EQ(count(romeo.take(), "<body>n5</body>"), 1U);
}

TEST_F(Federation, WhatWasAcknowledgedSurvivesARestart) {
  sim::Peer romeo = org.login("romeo");
  silence(org, "198.51.100.2");
  say(romeo, "<enable xmlns='urn:xmpp:sm:3'/>" + chat("juliet@example.net", "kept"));
  org.stop();
  listen(org, net, "198.51.100.2");
  org.start();
  sim::Peer juliet = net.login("juliet");
  world.advance(30s);
  EXPECT_EQ(count(juliet.take(), "<body>kept</body>"), 1U);
}

TEST_F(Federation, F06APeerThatNeverReadsCostsItsCorrespondentsOnly) {
  org.add_account("mercutio");
  sim::Peer romeo = org.login("romeo"), mercutio = org.login("mercutio");
  std::vector<sim::Peer> deaf;
  for (const auto& dialer : org.dialers())
    dialer->listen("198.51.100.2", 5269, [&](sim::Peer peer) {
      peer.read(false);
      deaf.push_back(std::move(peer));
    });
  say(romeo,
      "<iq type='get' id='q' to='example.net'><ping xmlns='urn:xmpp:ping'/></iq>" + chat("juliet@example.net", "m1"));
  EXPECT_FALSE(deaf.empty());
  say(romeo, chat("mercutio@example.org", "near"));
  EXPECT_TRUE(mercutio.take().contains("<body>near</body>"));
  world.advance(1min);
  EXPECT_EQ(count(romeo.take(), "<remote-server-timeout"), 1U);
  world.advance(12min);
  EXPECT_EQ(count(romeo.take(), "<remote-server-timeout"), 1U);
}

// A stranger who claims to be example.net.
TEST_F(Federation, F02WhoForgesADomainIsNotHeard) {
  sim::Peer romeo = org.login("romeo");
  const std::string header =
      "<stream:stream xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams' "
      "xmlns:db='jabber:server:dialback' from='example.net' to='example.org' version='1.0'>";
  const std::string forged = "<message from='juliet@example.net' to='romeo@example.org'><body>forged</body></message>";
  sim::Peer early = org.answer(true);
  world.advance(1s);
  say(early, header + forged);
  EXPECT_TRUE(early.take().contains("<invalid-from"));
  sim::Peer liar = org.answer(true);
  world.advance(1s);
  say(liar, header + "<db:result from='example.net' to='example.org'>0123456789</db:result>");
  EXPECT_TRUE(liar.take().contains("type='invalid'"));
  say(liar, forged);
  EXPECT_TRUE(liar.ended());
  EXPECT_FALSE(romeo.take().contains("forged"));
}

TEST_F(Federation, AdministratorsSeeStreamsAndEndThem) {
  sim::Peer romeo = org.login("romeo"), juliet = net.login("juliet");
  say(romeo, chat("juliet@example.net", "m1"));
  say(romeo, chat("x@nowhere.example", "m2"));
  const auto look = [&](const std::string& remote) {
    s2s::State seen;
    org.server().federation_state(remote, [&](s2s::State state) { seen = std::move(state); });
    world.advance(1s);
    return seen;
  };
  const s2s::State seen = look("example.net");
  ASSERT_FALSE(seen.streams.empty());
  const auto out = std::ranges::find_if(seen.streams, &s2s::StreamState::dialled);
  ASSERT_NE(out, seen.streams.end());
  const s2s::DomainPair pair{"example.org", "example.net"};
  EXPECT_EQ(out->pair, pair);
  EXPECT_EQ(out->proved, std::set{pair});
  EXPECT_TRUE(!out->external && out->acknowledges && out->bidi);
  EXPECT_GE(out->age, 3s);
  ASSERT_EQ(seen.remotes.size(), 1U);
  EXPECT_TRUE(seen.remotes.front().pairs.front().up);
  const s2s::State all = look("");
  const auto nowhere =
      std::ranges::find(all.remotes, std::string("nowhere.example"), [](const auto& each) { return each.remote; });
  ASSERT_NE(nowhere, all.remotes.end());
  EXPECT_FALSE(nowhere->pairs.front().failure.empty());
  std::size_t ended = 0;
  org.server().kick_remote("example.net", [&](std::size_t streams) { ended = streams; });
  world.advance(1s);
  EXPECT_EQ(ended, seen.streams.size());
  EXPECT_TRUE(look("example.net").streams.empty());
  juliet.take();
  say(romeo, chat("juliet@example.net", "m3"), 10s);
  EXPECT_EQ(count(juliet.take(), "<body>m3</body>"), 1U);
}

TEST_F(Federation, WhoIsBlockedByAReloadIsCutOff) {
  sim::Peer romeo = org.login("romeo"), juliet = net.login("juliet");
  say(romeo, chat("juliet@example.net", "m1"));
  say(juliet, chat("romeo@example.org", "m2"));
  EXPECT_TRUE(romeo.take().contains("<body>m2</body>") && juliet.take().contains("<body>m1</body>"));
  s2s::Policy::Parts parts = policy();
  parts.blocked.add("example.net", {});
  org.use(parts);
  say(romeo, chat("juliet@example.net", "m3"));
  EXPECT_TRUE(romeo.take().contains("<not-allowed"));
  say(juliet, chat("romeo@example.org", "m4"), 1min);
  EXPECT_FALSE(romeo.take().contains("<body>m4</body>"));
  org.use(policy());
  world.advance(15min);
  say(romeo, chat("juliet@example.net", "m5"), 1min);
  EXPECT_TRUE(juliet.take().contains("<body>m5</body>"));
}

TEST_F(Federation, WhoProvesNothingIsSentAway) {
  sim::Peer silent = org.answer();
  world.advance(29s);
  EXPECT_FALSE(silent.ended());
  world.advance(10s);
  EXPECT_TRUE(silent.ended());
}

s2s::Policy::Parts few() {
  s2s::Policy::Parts parts;
  parts.rules.certificate = s2s::Certificate::dialback;
  parts.limits.max_domains = 20;
  parts.limits.max_links = 20;
  return parts;
}

class Crowded : public Federated {
 protected:
  Crowded() : Federated(few(), policy()) {}
};

TEST_F(Crowded, ManyDomainsAndLinksAreRefused) {
  org.add_account("romeo");
  sim::Peer romeo = org.login("romeo");
  for (const auto& dns : org.dns()) dns->silent = true;
  std::string all;
  for (int i = 0; i < 60; ++i) all += chat("x@d" + std::to_string(i) + ".example", "m" + std::to_string(i));
  say(romeo, all);
  EXPECT_GE(count(romeo.take(), "<resource-constraint"), 40U);
  std::vector<sim::Peer> strangers;
  for (int i = 0; i < 40; ++i) strangers.push_back(org.answer());
  world.advance(1s);
  EXPECT_GE(std::ranges::count_if(strangers, [](const sim::Peer& each) { return each.closed(); }), 20);
}

s2s::Policy::Parts strict() { return {}; }

class Strict : public Federated {
 protected:
  Strict() : Federated(policy(), strict()) {}
};

TEST_F(Strict, F04WhoHasNoCertificateThatIsBelievedIsRefused) {
  org.add_account("romeo");
  net.add_account("juliet");
  sim::Peer romeo = org.login("romeo"), juliet = net.login("juliet");
  say(romeo, "<iq type='get' id='q' to='example.net'><ping xmlns='urn:xmpp:ping'/></iq>");
  EXPECT_TRUE(romeo.take().contains("not-authorized"));
  say(juliet, "<iq type='get' id='q' to='example.org'><ping xmlns='urn:xmpp:ping'/></iq>");
  EXPECT_TRUE(juliet.take().contains("certificate is not valid"));
}

}  // namespace
}  // namespace server_test
