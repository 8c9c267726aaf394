// Which of a domain's addresses are dialled, when, and which connection wins (XEP-0495, RFC 8305), on virtual time.
#include "net/connector.h"

#include <gtest/gtest.h>

#include "net/dns_records.h"
#include "sim/sim_dialer.h"
#include "sim/sim_dns.h"

namespace {

using namespace std::chrono_literals;
constexpr std::uint16_t kPort = 5269;

struct ConnectorTest : testing::Test {
  void listen(const std::string& address, base::Duration after = 0ms) {
    dialer.listen(address, kPort, [this, address](sim::Peer peer) {
      accepted.push_back(address);
      peers.push_back(std::move(peer));
    });
    dialer.delay(address, kPort, after);
  }
  void connect(std::vector<net::Target> targets, const net::ConnectOptions& options = {}) {
    const base::MonoTime begin = loop.now();
    call = connector.connect(std::move(targets), options,
                             [this, begin](std::expected<net::Connected, net::ConnectFailure> result) {
                               EXPECT_FALSE(answered) << "twice";
                               call.reset();
                               answered = true;
                               took = loop.now() - begin;
                               if (result) {
                                 made = std::move(*result);
                               } else {
                                 failure = result.error();
                               }
                             });
    EXPECT_FALSE(answered) << "within the call";
  }

  sim::World world{7};
  sim::SimLoop& loop = world.loop();
  sim::SimDns dns{loop};
  sim::SimDialer dialer{loop};
  net::Connector connector{loop, dns, dialer};
  std::vector<sim::Peer> peers;
  std::vector<std::string> accepted;
  std::unique_ptr<net::Connector::Call> call;
  bool answered = false;
  net::Connected made;
  net::ConnectFailure failure;
  base::Duration took{};
  const std::vector<net::Target> one = {{"a.example", kPort}};
};

TEST_F(ConnectorTest, TheFirstAddressThatAnswersIsTaken) {
  dns.add("a.example", "2001:db8::1");
  dns.add("a.example", "192.0.2.1");
  listen("2001:db8::1");
  listen("192.0.2.1");
  connect(one);
  world.advance(10s);
  ASSERT_NE(made.transport, nullptr);
  EXPECT_EQ(accepted, std::vector<std::string>{"2001:db8::1"});
  EXPECT_EQ(dialer.calls, 1U);
  EXPECT_EQ(made.number, 0U);
  EXPECT_FALSE(made.secure);
  EXPECT_EQ(dialer.last, nullptr);
}

TEST_F(ConnectorTest, ADeadAddressCostsAQuarterOfASecond) {
  dns.add("a.example", "2001:db8::1");
  dns.add("a.example", "192.0.2.1");
  dialer.delay("2001:db8::1", kPort, 1h);
  listen("192.0.2.1", 20ms);
  connect(one);
  world.advance(10s);
  EXPECT_EQ(accepted, std::vector<std::string>{"192.0.2.1"});
  EXPECT_EQ(took, 270ms);
}

TEST_F(ConnectorTest, ARefusalCostsNothing) {
  for (const char* address : {"192.0.2.1", "192.0.2.2", "192.0.2.3"}) dns.add("a.example", address);
  listen("192.0.2.3");
  connect(one);
  world.advance(10s);
  EXPECT_EQ(accepted, std::vector<std::string>{"192.0.2.3"});
  EXPECT_EQ(took, 0ms);
}

TEST_F(ConnectorTest, ASlowFirstMayStillWinAndTheOthersAreDropped) {
  dns.add("a.example", "2001:db8::1");
  dns.add("a.example", "192.0.2.1");
  listen("2001:db8::1", 300ms);
  listen("192.0.2.1", 300ms);
  connect(one);
  world.advance(10s);
  EXPECT_EQ(accepted, std::vector<std::string>{"2001:db8::1"});
  EXPECT_EQ(took, 300ms);
  EXPECT_EQ(dialer.calls, 2U);
}

TEST_F(ConnectorTest, ALaterPriorityWaitsUntilTheEarlierIsExhausted) {
  dns.add("a.example", "192.0.2.1");
  dns.add("b.example", "192.0.2.2");
  dns.add("c.example", "192.0.2.3");
  listen("192.0.2.3");
  dialer.delay("192.0.2.1", kPort, 2s);  // then refused
  connect({{"a.example", kPort, false, false, 1}, {"b.example", kPort, false, false, 1}, {"c.example", kPort, true}});
  world.advance(10s);
  EXPECT_EQ(accepted, std::vector<std::string>{"192.0.2.3"});
  EXPECT_EQ(took, 2s);
  EXPECT_EQ(made.number, 2U);
}

TEST_F(ConnectorTest, ALateNameIsNotWaitedForLong) {
  dns.add("a.example", "192.0.2.1");
  dns.add("b.example", "192.0.2.2");
  dns.delay("a.example", 3s);
  listen("192.0.2.1");
  listen("192.0.2.2");
  connect({{"a.example", kPort}, {"b.example", kPort}});
  world.advance(10s);
  EXPECT_EQ(accepted, std::vector<std::string>{"192.0.2.2"});
  EXPECT_EQ(took, 50ms);
}

TEST_F(ConnectorTest, ANameSlightlyLateKeepsItsPlace) {
  dns.add("a.example", "192.0.2.1");
  dns.add("b.example", "192.0.2.2");
  dns.delay("a.example", 30ms);
  listen("192.0.2.1");
  listen("192.0.2.2");
  connect({{"a.example", kPort}, {"b.example", kPort}});
  world.advance(10s);
  EXPECT_EQ(accepted, std::vector<std::string>{"192.0.2.1"});
}

TEST_F(ConnectorTest, SaysWhetherThereWasAnythingToDial) {
  struct Case {
    std::string what;
    std::function<void()> prepare;
    bool not_found;
    std::string says;
  };
  const Case cases[] = {
      {"no address", [] {}, true, "finding a.example: no address"},
      {"refused", [this] { dns.add("a.example", "192.0.2.1"); }, false, "connecting to 192.0.2.1: Connection refused"},
      {"the DNS fails", [this] { dns.fail("a.example", net::DnsFailure::Kind::failed); }, false,
       "finding a.example: as the test wishes"},
  };
  for (const Case& each : cases) {
    each.prepare();
    answered = false;
    connect(one);
    world.advance(1min);
    ASSERT_TRUE(answered) << each.what;
    EXPECT_EQ(failure.not_found, each.not_found) << each.what;
    EXPECT_EQ(failure.what, each.says) << each.what;
  }
  answered = false;
  connect({});
  world.advance(1s);
  EXPECT_TRUE(answered && failure.not_found);
}

TEST_F(ConnectorTest, F05OneDeadlineForAll) {
  for (int i = 1; i < 20; ++i) dns.add("a.example", "192.0.2." + std::to_string(i));
  dialer.silent = true;
  connect(one, {.deadline = 5s});
  world.advance(1min);
  EXPECT_EQ(took, 5s);
  EXPECT_FALSE(failure.not_found);
  EXPECT_EQ(dialer.calls, 8U);  // of one host
  answered = false;
  dns.silent = true;
  connect(one, {.deadline = 5s});
  world.advance(1min);
  EXPECT_EQ(took, 5s);
  EXPECT_FALSE(failure.not_found);
  EXPECT_EQ(failure.what, "no connection in time");
}

TEST_F(ConnectorTest, F05PrivateAddressesOnlyWhereTheOperatorSaysSo) {
  dns.add("a.example", "127.0.0.1");
  dns.add("127.0.0.1", "127.0.0.1");
  listen("127.0.0.1");
  connect(one);
  world.advance(1s);
  EXPECT_TRUE(answered && failure.not_found);
  EXPECT_EQ(failure.what, "finding a.example: 127.0.0.1 is in no public network");
  EXPECT_EQ(dialer.calls, 0U);
  for (const bool forced : {true, false}) {
    answered = false;
    connect({{.host = forced ? "127.0.0.1" : "a.example", .port = kPort, .forced = forced}},
            {.private_addresses = !forced});
    world.advance(1s);
    EXPECT_NE(std::exchange(made.transport, nullptr), nullptr);
  }
}

TEST_F(ConnectorTest, GivenUpItCallsNobody) {
  dns.add("a.example", "192.0.2.1");
  listen("192.0.2.1", 100ms);
  for (const auto when : {0ms, 50ms, 99ms}) {
    connect(one);
    world.advance(when);
    call.reset();
    world.advance(10s);
    EXPECT_FALSE(answered);
  }
}

TEST_F(ConnectorTest, IsSecureOnlyIfTargetAndAddressAre) {
  dns.add("a.example", "192.0.2.1");
  listen("192.0.2.1");
  for (const bool target : {true, false}) {
    for (const bool address : {true, false}) {
      dns.secure = address;
      answered = false;
      connect({{"a.example", kPort, false, target}});
      world.advance(1s);
      EXPECT_EQ(made.secure, target && address);
    }
  }
}

TEST(PublicAddress, IsWhatAnybodyMayHave) {
  for (const char* text : {"192.0.2.1", "8.8.8.8", "172.15.0.1", "172.32.0.1", "100.63.0.1", "100.128.0.1", "11.0.0.1",
                           "2001:db8::1", "2a00::1", "::ffff:192.0.2.1", "64:ff9b::192.0.2.1"})
    EXPECT_TRUE(net::is_public_address(text)) << text;
  for (const char* text : {"127.0.0.1", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.0.1",
                           "100.64.0.1", "0.0.0.0", "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fd00::1",
                           "ff02::1", "::ffff:127.0.0.1", "64:ff9b::10.0.0.1", "", "nonsense"})
    EXPECT_FALSE(net::is_public_address(text)) << text;
}

}  // namespace
