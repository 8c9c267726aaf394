// What the proxy's address answers (XEP-0065 4, 6.3.5), to whom, and how much one may have (SECURITY Y02).
#include "proxy65/service.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "sim/sim_loop.h"
#include "sim/sim_transport.h"
#include "xmpp/stanza.h"

namespace proxy65 {
namespace {

using namespace std::string_literals;

constexpr std::string_view kNs = "http://jabber.org/protocol/bytestreams";
constexpr std::string_view kRomeo = "romeo@example.org/orchard";
constexpr std::string_view kJuliet = "juliet@example.org/balcony";
constexpr std::string_view kIago = "iago@venice.example/ship";

xmpp::Jid jid(std::string_view text) { return xmpp::Jid::parse(text).value(); }

/// Keeps what is sent back to the asker.
class Mailbox final : public router::Component {
 public:
  void receive(router::PacketRef packet) override { got.push_back(std::move(packet)); }
  std::vector<router::PacketRef> got;
};

/// A stream that was joined, to be ended by the test.
struct Stream {
  net::RelayLimits limits;
  net::Relay::Done done;
};

base::Ref<Settings> plain_settings() {
  auto settings = base::make_ref<Settings>();
  settings->domain = jid("proxy.example.org");
  settings->addresses = {{"files.example.org", 7777}, {"192.0.2.7", 80}};
  return settings;
}

class ServiceTest : public testing::Test {
 protected:
  ServiceTest() {
    router().claim("example.org", mailbox_);
    router().claim_rest(mailbox_);
    router().claim("proxy.example.org", service);
    registry_.freeze();
    std::vector hosts{router::HostSettings{.domain = jid("example.org")}};
    router().use(base::make_ref<const router::Settings>(std::move(hosts), router::Limits{}));
  }
  router::Router& router() { return board_.router(0); }

  /// The one answer's stanza.
  const xml::Element& ask(xmpp::Type type, std::string_view from, const std::function<void(xml::Element& iq)>& fill,
                          std::string_view to = "proxy.example.org") {
    xml::Document iq = xmpp::make_iq(type, "q1");
    fill(iq.root());
    mailbox_.got.clear();
    router().post(
        base::make_ref<const router::Packet>(xmpp::share(std::move(iq)), jid(from), jid(to), router::Origin::session));
    world_.settle();
    EXPECT_EQ(mailbox_.got.size(), 1U);
    return mailbox_.got.at(0)->stanza().root();
  }
  /// "result" or the error condition.
  std::string activate(std::string_view from, const std::string& sid, const std::string& target) {
    const xml::Element& answer = ask(xmpp::Type::set, from, [&](xml::Element& iq) {
      xml::Element& query = iq.add("query", kNs);
      if (!sid.empty()) query.set_attr("sid", sid);
      query.add("activate", kNs).add_text(target);
    });
    const xml::Element* error = answer.child("jabber:client", "error");
    return error == nullptr ? "result" : std::string(error->first_child()->name());
  }
  /// Both parties are there.
  void meet(const std::string& sid, std::string_view requester, std::string_view target, int how_many = 2) {
    const std::string hash = hash_of(sid, jid(requester), jid(target));
    for (int i = 0; i < how_many; ++i) {
      auto [transport, peer] = sim::make_link(world_.loop());
      service.streamhost().accept(std::move(transport));
      peer.send("\x05\x01\x00\x05\x01\x00\x03\x28"s + hash + "\0\0"s);
      peers_.push_back(std::move(peer));
    }
    world_.settle();
  }

  sim::World world_{1};
  router::Switchboard board_{world_.loops()};
  Mailbox mailbox_;
  router::Registry registry_;
  std::vector<sim::Peer> peers_;
  std::vector<std::shared_ptr<Stream>> streams;

 public:
  Service service{router(), registry_, plain_settings(),
                  [this](std::unique_ptr<net::Transport>, std::unique_ptr<net::Transport>,
                         const net::RelayLimits& limits, net::Relay::Done done) -> std::shared_ptr<void> {
                    return streams.emplace_back(std::make_shared<Stream>(limits, std::move(done)));
                  }};
};

TEST(Hash, IsOfStreamRequesterAndTarget) {
  // By another implementation: printf '%s' 'vxf9n471bn46requester@example.com/footarget@example.org/bar' | sha1sum
  EXPECT_EQ(hash_of("vxf9n471bn46", jid("requester@example.com/foo"), jid("target@example.org/bar")),
            "98b8d688d0f5d895fd41c5e7309a2e9e33ba32ff");
  EXPECT_EQ(hash_of("s", jid("ROMEO@example.org/A"), jid("juliet@Example.ORG")),
            hash_of("s", jid("romeo@example.org/A"), jid("juliet@example.org")))
      << "addresses are prepared first (6.3.2)";
}

TEST_F(ServiceTest, TellsWhereItIs) {
  const xml::Element& answer = ask(xmpp::Type::get, kRomeo, [](xml::Element& iq) { iq.add("query", kNs); });
  const xml::Element* query = answer.child(kNs, "query");
  ASSERT_NE(query, nullptr);
  std::string hosts;
  for (const xml::Element& host : xml::children(*query)) {
    EXPECT_EQ(host.attr("jid"), "proxy.example.org");
    hosts += std::string(host.attr("host")) + ":" + std::string(host.attr("port")) + " ";
  }
  EXPECT_EQ(hosts, "files.example.org:7777 192.0.2.7:80 ");
}

TEST_F(ServiceTest, StrangersMayNot) {
  const auto asked = [&](std::string_view who) {
    const xml::Element* error =
        ask(xmpp::Type::get, who, [](xml::Element& iq) { iq.add("query", kNs); }).child("jabber:client", "error");
    return error == nullptr ? "result" : std::string(error->first_child()->name());
  };
  EXPECT_EQ(asked(kIago), "forbidden");
  meet("s1", kIago, kJuliet);
  EXPECT_EQ(activate(kIago, "s1", std::string(kJuliet)), "forbidden");
  auto settings = plain_settings();
  settings->domains = {jid("venice.example")};
  service.use(settings);
  EXPECT_EQ(asked(kIago), "result");
  EXPECT_EQ(activate(kIago, "s1", std::string(kJuliet)), "result");
}

TEST_F(ServiceTest, OnlyTheRequesterActivates) {
  meet("s1", kRomeo, kJuliet);
  EXPECT_EQ(activate(kJuliet, "s1", std::string(kJuliet)), "item-not-found");
  EXPECT_EQ(activate("romeo@example.org/elsewhere", "s1", std::string(kJuliet)), "item-not-found");
  EXPECT_EQ(activate(kRomeo, "s2", std::string(kJuliet)), "item-not-found");
  EXPECT_EQ(activate(kRomeo, "s1", std::string(kRomeo)), "item-not-found");
  EXPECT_TRUE(streams.empty());
  EXPECT_EQ(activate(kRomeo, "s1", std::string(kJuliet)), "result");
  EXPECT_EQ(streams.size(), 1U);
  EXPECT_EQ(activate(kRomeo, "s1", std::string(kJuliet)), "item-not-found") << "that was that";
}

TEST_F(ServiceTest, OnePartyAloneIsNotAllowed) {
  meet("s1", kRomeo, kJuliet, 1);
  EXPECT_EQ(activate(kRomeo, "s1", std::string(kJuliet)), "not-allowed");
}

TEST_F(ServiceTest, SaysWhatIsWrongInARequest) {
  EXPECT_EQ(activate(kRomeo, "", std::string(kJuliet)), "bad-request");
  EXPECT_EQ(activate(kRomeo, "s1", ""), "bad-request");
  EXPECT_EQ(activate(kRomeo, "s1", "@"), "bad-request");
  EXPECT_EQ(activate(kRomeo, std::string(2000, 's'), std::string(kJuliet)), "bad-request");
}

TEST_F(ServiceTest, OnePersonHasSoManyStreams) {
  auto settings = plain_settings();
  settings->streams_per_user = 2;
  settings->streams = 3;
  service.use(settings);
  for (const char* sid : {"s1", "s2", "s3"}) meet(sid, kRomeo, kJuliet);
  EXPECT_EQ(activate(kRomeo, "s1", std::string(kJuliet)), "result");
  EXPECT_EQ(activate(kRomeo, "s2", std::string(kJuliet)), "result");
  EXPECT_EQ(activate(kRomeo, "s3", std::string(kJuliet)), "resource-constraint");
  for (const char* sid : {"t1", "t2"}) meet(sid, kJuliet, kRomeo);
  EXPECT_EQ(activate(kJuliet, "t1", std::string(kRomeo)), "result");
  EXPECT_EQ(activate(kJuliet, "t2", std::string(kRomeo)), "resource-constraint") << "all together have three";
  streams[0]->done({.forth = 10, .back = 1, .end = net::Relay::End::finished});
  EXPECT_EQ(activate(kRomeo, "s3", std::string(kJuliet)), "result");
  EXPECT_EQ(service.counts().streams, 1U);
  EXPECT_EQ(service.counts().bytes, 11U);
  EXPECT_EQ(service.counts().active, 3U);
}

TEST_F(ServiceTest, StreamsOfOnePersonShareAPace) {
  auto settings = plain_settings();
  settings->bytes_per_second = 1'000'000;
  settings->bytes_per_second_per_user = 100'000;
  settings->stream_bytes = 77;
  service.use(settings);
  for (const char* sid : {"s1", "s2"}) {
    meet(sid, kRomeo, kJuliet);
    ASSERT_EQ(activate(kRomeo, sid, std::string(kJuliet)), "result");
  }
  meet("t1", kJuliet, kRomeo);
  ASSERT_EQ(activate(kJuliet, "t1", std::string(kRomeo)), "result");
  ASSERT_EQ(streams[0]->limits.paces.size(), 2U);
  EXPECT_EQ(streams[0]->limits.paces, streams[1]->limits.paces);
  EXPECT_EQ(streams[0]->limits.paces[0], streams[2]->limits.paces[0]) << "that of all";
  EXPECT_NE(streams[0]->limits.paces[1], streams[2]->limits.paces[1]);
  EXPECT_EQ(streams[0]->limits.bytes, 77U);
}

TEST_F(ServiceTest, ANewStreamGivesNobodyMore) {
  auto settings = plain_settings();
  settings->bytes_per_second_per_user = 100'000;
  service.use(settings);
  const auto pace_of = [&](const char* sid) {
    meet(sid, kRomeo, kJuliet);
    EXPECT_EQ(activate(kRomeo, sid, std::string(kJuliet)), "result");
    auto pace = streams.back()->limits.paces.at(0);
    streams.back()->done({});
    return pace;
  };
  const auto first = pace_of("s1");
  first->spend(first->left());
  EXPECT_EQ(pace_of("s2"), first);
  world_.advance(std::chrono::seconds(1));
  EXPECT_NE(pace_of("s3"), first) << "it was full again";
  EXPECT_GT(pace_of("s4")->left(), 0U);
}

TEST_F(ServiceTest, AReloadSetsTheRateOfThoseWhoHaveStreams) {
  meet("s1", kRomeo, kJuliet);
  ASSERT_EQ(activate(kRomeo, "s1", std::string(kJuliet)), "result");
  EXPECT_TRUE(streams[0]->limits.paces.empty());
  auto settings = plain_settings();
  settings->bytes_per_second_per_user = 100'000;
  service.use(settings);
  meet("s2", kRomeo, kJuliet);
  ASSERT_EQ(activate(kRomeo, "s2", std::string(kJuliet)), "result");
  EXPECT_EQ(streams[1]->limits.paces.size(), 1U);
}

TEST_F(ServiceTest, OtherStanzasAreAnsweredAsTheyShould) {
  const auto refused = [&](const xml::Element& answer) {
    const xml::Element* error = answer.child("jabber:client", "error");
    return error == nullptr ? "" : std::string(error->first_child()->name());
  };
  EXPECT_EQ(refused(ask(xmpp::Type::get, kRomeo, [](xml::Element& iq) { iq.add("x", "urn:example"); })),
            "service-unavailable");
  EXPECT_EQ(refused(ask(
                xmpp::Type::get, kRomeo, [](xml::Element& iq) { iq.add("query", kNs); }, "juliet@proxy.example.org")),
            "service-unavailable");
}

}  // namespace
}  // namespace proxy65
