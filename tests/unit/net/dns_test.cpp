// Questions through libunbound to a server on loopback: records, their bounds, failures, deadlines, the cache.
#include <filesystem>
#include <fstream>

#include "net/dns_records.h"
#include "net/unbound_dns.h"
#include "unit/net/dns_key.h"
#include "unit/net/loopback.h"

namespace {

using namespace loopback;
using Kind = net::DnsFailure::Kind;

/// A server, the process's resolver, and the questions of one loop.
struct DnsTest : testing::Test {
  ~DnsTest() override {
    home.run([this] {
      call.reset();
      dns.reset();
      unbound.reset();
    });
  }

  void serve(DnsServer::Names names, net::DnsOptions options = {}) {
    server = std::make_unique<DnsServer>(std::move(names));
    options.servers = {{"127.0.0.1", server->port}};
    home.run([&] {
      unbound = std::make_unique<net::Unbound>(home.loop, std::move(options));
      dns = std::make_unique<net::UnboundDns>(home.loop, *unbound);
    });
  }

  template <class Record>
  using Ask = std::unique_ptr<net::Dns::Call> (net::UnboundDns::*)(const std::string&, net::Dns::Done<Record>);

  template <class Record>
  net::DnsResult<Record> ask(Ask<Record> question, const std::string& name) {
    Awaited<net::DnsResult<Record>> answer;
    home.run([&] {
      call = ((*dns).*question)(name, [&](net::DnsResult<Record> result) {
        call.reset();
        answer.put(std::move(result));
      });
    });
    return answer.get();
  }
  auto srv(const std::string& name) { return ask<net::Srv>(&net::UnboundDns::srv, name); }
  auto addresses(const std::string& host) { return ask<std::string>(&net::UnboundDns::addresses, host); }
  auto tlsa(const std::string& name) { return ask<net::Tlsa>(&net::UnboundDns::tlsa, name); }

  LoopThread home;
  std::unique_ptr<DnsServer> server;
  std::unique_ptr<net::Unbound> unbound;
  std::unique_ptr<net::UnboundDns> dns;
  std::unique_ptr<net::Dns::Call> call;
};

TEST_F(DnsTest, ADotIsARecordWithoutHost) {
  serve({{{"_xmpps-server._tcp.example.org", kTypeSrv}, {.records = {{kTypeSrv, wire_srv(0, 0, 0, "")}}}}});
  const auto refusal = srv("_xmpps-server._tcp.example.org");
  ASSERT_TRUE(refusal) << refusal.error().what;
  EXPECT_EQ(refusal->records, (std::vector<net::Srv>{{0, 0, 0, ""}}));
  EXPECT_FALSE(refusal->secure);
}

TEST_F(DnsTest, ReadsServicesInLowerCase) {
  const std::string name = "_xmpp-server._tcp.example.org";
  serve({{{name, kTypeSrv},
          {.records = {{kTypeSrv, wire_srv(5, 30, 5269, "XMPP.example.org")},
                       {kTypeSrv, wire_srv(6, 1, 443, "b.example.org")}}}}});
  const auto found = srv(name);
  ASSERT_TRUE(found) << found.error().what;
  ASSERT_EQ(found->records.size(), 2U);
  EXPECT_TRUE(std::ranges::count(found->records, net::Srv{5, 30, 5269, "xmpp.example.org"}));
  EXPECT_TRUE(std::ranges::count(found->records, net::Srv{6, 1, 443, "b.example.org"}));
}

TEST_F(DnsTest, NoRecordIsAnAnswer) {
  serve({{{"_5269._tcp.example.org", kTypeTlsa}, {.rcode = 0}}});
  for (const auto* name : {"_xmpp-server._tcp.example.org", "_xmpp-server._tcp.nowhere.example"}) {
    const auto found = srv(name);
    ASSERT_TRUE(found) << found.error().what;
    EXPECT_TRUE(found->records.empty());
  }
  EXPECT_TRUE(tlsa("_5269._tcp.example.org")->records.empty());
  EXPECT_TRUE(addresses("nowhere.example")->records.empty());
}

TEST_F(DnsTest, ReadsBothFamiliesInTurns) {
  serve({{{"verona.example", kTypeA}, {.records = {{kTypeA, wire_address("192.0.2.1")}}}},
         {{"verona.example", kTypeAaaa}, {.records = {{kTypeAaaa, wire_address("2001:db8::1")}}}},
         {{"four.example", kTypeA}, {.records = {{kTypeA, wire_address("192.0.2.4")}}}},
         {{"alias.example", kTypeA}, {.records = {{kTypeCname, wire_name("real.example")}}}},
         {{"real.example", kTypeA}, {.records = {{kTypeA, wire_address("192.0.2.7")}}}}},
        {.other_family = 10s});
  EXPECT_EQ(addresses("verona.example").value().records, (std::vector<std::string>{"2001:db8::1", "192.0.2.1"}));
  EXPECT_EQ(addresses("four.example").value().records, std::vector<std::string>{"192.0.2.4"});
  EXPECT_EQ(addresses("alias.example").value().records, std::vector<std::string>{"192.0.2.7"});
}

TEST_F(DnsTest, OneFamilyWaitsNotLongForTheOther) {
  serve({{{"verona.example", kTypeA}, {.records = {{kTypeA, wire_address("192.0.2.1")}}}},
         {{"verona.example", kTypeAaaa}, {.silent = true}},
         {{"mantua.example", kTypeA}, {.rcode = 2}},
         {{"mantua.example", kTypeAaaa}, {.records = {{kTypeAaaa, wire_address("2001:db8::1")}}}}},
        {.deadline = 60s, .other_family = 10ms});
  EXPECT_EQ(addresses("verona.example").value().records, std::vector<std::string>{"192.0.2.1"});
  EXPECT_EQ(addresses("mantua.example").value().records, std::vector<std::string>{"2001:db8::1"});
}

TEST_F(DnsTest, KnowsNumbersAndForcedHostsWithoutAsking) {
  serve({}, {.hosts = {{"verona.example", {"127.0.0.2", "127.0.0.3"}}}});
  EXPECT_EQ(addresses("verona.example").value().records, (std::vector<std::string>{"127.0.0.2", "127.0.0.3"}));
  EXPECT_EQ(addresses("192.0.2.1").value().records, std::vector<std::string>{"192.0.2.1"});
  EXPECT_EQ(addresses("::1").value().records, std::vector<std::string>{"::1"});
  for (const std::string& bad : std::vector<std::string>{"", "a..b", "no name", "-_\\.", std::string(64, 'a')})
    EXPECT_EQ(srv(bad).error().kind, Kind::failed) << bad;
  EXPECT_EQ(server->questions, 0);
}

TEST_F(DnsTest, ReadsTlsa) {
  const std::string hash(32, 'x');
  serve({{{"_5269._tcp.example.org", kTypeTlsa}, {.records = {{kTypeTlsa, "\3\1\1" + hash}}}}});
  EXPECT_EQ(tlsa("_5269._tcp.example.org").value().records, (std::vector<net::Tlsa>{{3, 1, 1, hash}}));
}

TEST_F(DnsTest, F05AThousandServicesAreCut) {
  std::vector<DnsServer::Record> many;
  for (unsigned i = 0; i < 1000; ++i)
    many.push_back({kTypeSrv, wire_srv(1, 1, 5269, "h" + std::to_string(i) + ".example.org")});
  serve({{{"_xmpp-server._tcp.example.org", kTypeSrv}, {.records = many}}});
  const auto found = srv("_xmpp-server._tcp.example.org");
  ASSERT_TRUE(found) << found.error().what;
  EXPECT_EQ(found->records.size(), net::Unbound::kMostRecords);
}

TEST_F(DnsTest, F05ALoopOfAliasesFails) {
  serve({{{"a.example", kTypeA}, {.records = {{kTypeCname, wire_name("b.example")}}}},
         {{"b.example", kTypeA}, {.records = {{kTypeCname, wire_name("a.example")}}}},
         {{"a.example", kTypeAaaa}, {.records = {{kTypeCname, wire_name("b.example")}}}},
         {{"b.example", kTypeAaaa}, {.records = {{kTypeCname, wire_name("a.example")}}}}});
  const auto found = addresses("a.example");
  EXPECT_TRUE(!found || found->records.empty());
}

TEST_F(DnsTest, F05SilenceEndsByTheDeadline) {
  serve({{{"_xmpp-server._tcp.example.org", kTypeSrv}, {.silent = true}}}, {.deadline = 100ms});
  const auto found = srv("_xmpp-server._tcp.example.org");
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().kind, Kind::late);
  EXPECT_EQ(found.error().what, "finding _xmpp-server._tcp.example.org: no answer in time");
}

TEST_F(DnsTest, AServerThatCannotSayIsAFailure) {
  serve({{{"_xmpp-server._tcp.example.org", kTypeSrv}, {.rcode = 2}}});
  const auto found = srv("_xmpp-server._tcp.example.org");
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().kind, Kind::failed);
}

TEST_F(DnsTest, AsksAgainOnlyWhenTheTimeToLiveIsOver) {
  const std::string name = "_xmpp-server._tcp.example.org", fleeting = "_xmpp-server._tcp.example.net";
  serve({{{name, kTypeSrv}, {.records = {{kTypeSrv, wire_srv(1, 1, 5269, "h.example.org")}}}},
         {{fleeting, kTypeSrv}, {.records = {{kTypeSrv, wire_srv(1, 1, 5269, "h.example.net"), 0}}}}});
  for (int i = 0; i < 3; ++i) EXPECT_EQ(srv(name).value().records.size(), 1U);
  EXPECT_EQ(server->questions, 1);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(srv(fleeting).value().records.size(), 1U);
  EXPECT_EQ(server->questions, 4);
}

TEST_F(DnsTest, TooManyQuestionsFailAtOnceAndThoseGivenUpDoNotCount) {
  serve({{{"slow.example", kTypeSrv}, {.silent = true}}}, {.deadline = 60s, .most_questions = 2});
  for (int round = 0; round < 3; ++round) {
    std::vector<std::unique_ptr<net::Dns::Call>> calls;
    home.run([&] {
      for (int i = 0; i < 2; ++i)
        calls.push_back(dns->srv("slow.example", [](const net::DnsResult<net::Srv>&) { ADD_FAILURE() << "answered"; }));
    });
    const auto third = srv("slow.example");
    ASSERT_FALSE(third);
    EXPECT_EQ(third.error().what, "finding slow.example: too many questions are under way");
    home.run([&] { calls.clear(); });
  }
}

TEST_F(DnsTest, AnswersOnTheLoopThatAsked) {
  serve({{{"verona.example", kTypeA}, {.records = {{kTypeA, wire_address("192.0.2.1")}}}}});
  LoopThread other;
  net::UnboundDns theirs(other.loop, *unbound);
  Awaited<bool> answered;
  auto asked = other.run([&] {
    return theirs.addresses("verona.example", [&](const net::DnsResult<std::string>& found) {
      answered.put(found.has_value() && other.loop.here());
    });
  });
  EXPECT_TRUE(answered.get());
  other.run([&] { asked.reset(); });
}

/// A resolver that believes example.org's key, and a server with two signed records, of which one was changed.
struct SignedDnsTest : DnsTest {
  SignedDnsTest() {
    char name[] = "/tmp/dns_test.XXXXXX";
    folder = mkdtemp(name);
    const std::string genuine = "_xmpp-server._tcp.example.org", forged = "_xmpp-server._tcp.forged.example.org";
    const std::string data = wire_srv(1, 1, 5269, "h.example.org"), other = wire_srv(1, 1, 5269, "evil.example.org");
    DnsServer::Names names;
    names[{"example.org", kTypeDnskey}] = key.signed_reply("example.org", kTypeDnskey, key.data());
    names[{genuine, kTypeSrv}] = key.signed_reply(genuine, kTypeSrv, data);
    names[{forged, kTypeSrv}] = key.signed_reply(forged, kTypeSrv, data);
    names[{forged, kTypeSrv}].records.front().data = other;
    names[{"_xmpp-server._tcp.example.net", kTypeSrv}] = {.records = {{kTypeSrv, data}}};
    std::ofstream(folder + "/anchor") << "example.org. IN DNSKEY 257 3 13 " << key.base64() << "\n";
    serve(std::move(names), {.trust_anchors = folder + "/anchor", .deadline = 60s});
  }
  ~SignedDnsTest() override { std::filesystem::remove_all(folder); }

  DnsKey key{"example.org"};
  std::string folder;
};

TEST_F(SignedDnsTest, SaysWhatIsProven) {
  const auto genuine = srv("_xmpp-server._tcp.example.org");
  ASSERT_TRUE(genuine) << genuine.error().what;
  EXPECT_EQ(genuine->records.size(), 1U);
  EXPECT_TRUE(genuine->secure);
  const auto unsigned_one = srv("_xmpp-server._tcp.example.net");
  ASSERT_TRUE(unsigned_one) << unsigned_one.error().what;
  EXPECT_EQ(unsigned_one->records.size(), 1U);
  EXPECT_FALSE(unsigned_one->secure);
}

TEST_F(SignedDnsTest, AForgedRecordIsNotGivenOut) {
  const auto found = srv("_xmpp-server._tcp.forged.example.org");
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().kind, Kind::bogus) << found.error().what;
}

TEST_F(DnsTest, WithoutItsTrustAnchorsItAnswersNothing) {
  serve({{{"_xmpp-server._tcp.example.org", kTypeSrv}, {}}}, {.trust_anchors = "/nonexistent/root.key"});
  const auto found = srv("_xmpp-server._tcp.example.org");
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().kind, Kind::failed);
}

TEST(DnsRecords, OnlyWellFormedOnesAreRead) {
  EXPECT_FALSE(net::read_srv(""));
  EXPECT_FALSE(net::read_srv(wire_srv(1, 1, 1, "a.b").substr(0, 9)));
  EXPECT_FALSE(net::read_srv(wire_srv(1, 1, 1, "a.b") + "more"));
  EXPECT_FALSE(net::read_srv(wire16(1) + wire16(1) + wire16(1) + "\xc0\x0c"));
  EXPECT_FALSE(net::read_srv(wire_srv(1, 1, 1, "a b.example")));
  EXPECT_FALSE(net::read_tlsa("\1\1\1"));
  EXPECT_FALSE(net::read_address("12345"));
  EXPECT_EQ(net::in_turns({"a", "b", "c"}, {"1"}), (std::vector<std::string>{"a", "1", "b", "c"}));
}

}  // namespace
