// What an administrator is told of a domain that we reach, or don't: a scripted server on loopback.
#include "admin/domain_check.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>

#include "certs/authorities.h"
#include "net/tcp_dialer.h"
#include "unit/certs/minting.h"
#include "unit/net/loopback.h"

namespace {

using namespace loopback;
using minting::Name;

/// Numbers only.
class Numbers final : public net::Resolver {
 public:
  void resolve(base::Loop& loop, const std::string& host, Done done) override {
    loop.post([host, done = std::move(done)]() mutable { done(Addresses{host}); });
  }
};

/// Records of a table. What has none is answered so.
class Records final : public net::Dns {
 public:
  explicit Records(base::Loop& loop) : loop_(loop) {}
  std::unique_ptr<Call> srv(const std::string& name, Done<net::Srv> done) override {
    asked.push_back(name);
    if (failing)
      return answer<net::Srv>(std::unexpected(net::DnsFailure{net::DnsFailure::Kind::bogus, "finding: forged"}),
                              std::move(done));
    return answer<net::Srv>(net::DnsAnswer<net::Srv>{services[name]}, std::move(done));
  }
  std::unique_ptr<Call> addresses(const std::string& host, Done<std::string> done) override {
    const bool known = host.ends_with("example.org") || host == "127.0.0.1";
    return answer<std::string>(
        net::DnsAnswer<std::string>{known ? std::vector<std::string>{"127.0.0.1"} : std::vector<std::string>{}},
        std::move(done));
  }
  std::unique_ptr<Call> tlsa(const std::string&, Done<net::Tlsa> done) override {
    return answer<net::Tlsa>(net::DnsAnswer<net::Tlsa>{}, std::move(done));
  }

  std::map<std::string, std::vector<net::Srv>> services;
  std::vector<std::string> asked;
  bool failing = false;

 private:
  struct Later final : Call {
    base::Timer timer;
  };
  template <class Record>
  std::unique_ptr<Call> answer(net::DnsResult<Record> result, Done<Record> done) {
    auto call = std::make_unique<Later>();
    call->timer =
        base::Timer(loop_, base::Duration::zero(), [result = std::move(result), done = std::move(done)]() mutable {
          auto last = std::move(done);
          last(std::move(result));
        });
    return call;
  }
  base::Loop& loop_;
};

/// What the server says, in plain and within TLS.
struct Script {
  bool direct_tls = false;
  bool deaf = false;  ///< the handshake is not answered
  std::string header =
      "<?xml version='1.0'?><stream:stream xmlns='jabber:server' id='1' version='1.0' "
      "from='example.org' xmlns:stream='http://etherx.jabber.org/streams'>";
  std::string features = "<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:features>";
  std::string proceed = "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>";
  std::string secure_features =
      "<stream:features><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>EXTERNAL</mechanism>"
      "</mechanisms><dialback xmlns='urn:xmpp:features:dialback'/><bidi xmlns='urn:xmpp:features:bidi'/>"
      "<sm xmlns='urn:xmpp:sm:3'/></stream:features>";
};

struct DomainCheck : testing::Test {
  DomainCheck() {
    char name[] = "/tmp/domain_check.XXXXXX";
    folder = mkdtemp(name);
    minting::write_certificates(folder + "/root.crt", {root.certificate.get()});
    authorities = certs::Authorities::from(folder + "/root.crt").value();
    shows({.names = {{Name::dns, "example.org"}}}, &root);
  }
  ~DomainCheck() override {
    home.run([this] { check.reset(); });
    std::filesystem::remove_all(folder);
  }

  void shows(const minting::Wish& wish, const certs::Pair* by) {
    const certs::Pair pair = minting::mint(wish, by);
    const certs::Files files{folder + "/pair.crt", folder + "/pair.key"};
    minting::write_certificates(files.certificate, {pair.certificate.get()});
    minting::write_key(files.key, *pair.key);
    const auto now = std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
    std::vector<certs::Problem> problems;
    store = certs::Store::load({{"example.org", files}}, {"xmpp-server"}, now, problems).value();
  }

  void serve(const Script& script) {
    server = std::make_unique<Server>([script, served = store](Peer& peer) {
      peer.take = [script, served](Peer& p, std::string_view text) {
        const bool secure = p.transport->tls() != nullptr;
        if (text.find("<starttls") != std::string_view::npos) {
          p.transport->send(script.proceed);
          if (script.proceed.ends_with("tls'/>")) p.transport->start_tls(served, "example.org");
        } else if (text.ends_with("</stream:stream>")) {
          p.transport->close();
        } else if (text.find("<stream:stream") != std::string_view::npos) {
          p.transport->send(script.header + (secure ? script.secure_features : script.features));
        }
        return text.size();
      };
      if (script.direct_tls && !script.deaf) peer.transport->start_tls(served, "example.org");
    });
    const std::string service = script.direct_tls ? "_xmpps-server._tcp." : "_xmpp-server._tcp.";
    home.run([&] { dns.services[service + "example.org"] = {{0, 0, server->port(), "xmpp.example.org"}}; });
  }

  void start(const std::string& domain) {
    home.run([&] {
      options.from = "verona.example";
      options.trust = net::TlsTrust::judged_later(authorities).value();
      options.connect.private_addresses = true;
      check = std::make_unique<admin::DomainCheck>(admin::CheckSeams{home.loop, dns, connector, base::system_random()},
                                                   domain, options, [this](std::vector<admin::CheckStep> steps) {
                                                     check.reset();
                                                     done.put(std::move(steps));
                                                   });
    });
  }
  std::vector<admin::CheckStep> walk(const std::string& domain = "example.org") {
    start(domain);
    return done.get();
  }

  const certs::Pair root = minting::mint({.common_name = "root", .authority = true});
  std::string folder;
  base::Ref<const certs::Authorities> authorities;
  base::Ref<certs::Store> store;
  std::unique_ptr<Server> server;
  LoopThread home;
  Numbers numbers;
  net::TcpDialer dialer{home.loop, numbers};
  Records dns{home.loop};
  net::Connector connector{home.loop, dns, dialer};
  admin::CheckOptions options;
  std::unique_ptr<admin::DomainCheck> check;
  Awaited<std::vector<admin::CheckStep>> done;
};

struct Expected {
  std::string name;
  bool good;
  std::string begins;
};

void expect(const std::vector<admin::CheckStep>& steps, const std::vector<Expected>& expected) {
  ASSERT_EQ(steps.size(), expected.size()) << steps.back().name << ": " << steps.back().text;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    EXPECT_EQ(steps[i].name, expected[i].name);
    EXPECT_EQ(steps[i].good, expected[i].good) << steps[i].text;
    EXPECT_TRUE(steps[i].text.starts_with(expected[i].begins)) << steps[i].text;
  }
}

TEST_F(DomainCheck, TellsEachStepOfAGoodWay) {
  serve({});
  const std::string port = std::to_string(server->port());
  expect(walk("Example.ORG"),
         {{"dns", true, "xmpp.example.org:" + port + " (STARTTLS)"},
          {"tcp", true, "connected to xmpp.example.org:" + port + " (STARTTLS) at 127.0.0.1"},
          {"stream", true, "an XMPP server answers for example.org"},
          {"tls", true, "TLSv1.3, TLS_AES_128_GCM_SHA256, by STARTTLS"},
          {"certificate", true, "issued by /CN=root for example.org, until 20"},
          {"features", true, "offers SASL EXTERNAL, dialback, streams in both directions, stream management"}});
}

TEST_F(DomainCheck, TellsEachStepOfAWayByDirectTls) {
  serve({.direct_tls = true});
  expect(walk(), {{"dns", true, "xmpp.example.org:" + std::to_string(server->port()) + " (TLS)"},
                  {"tcp", true, "connected to "},
                  {"tls", true, "TLSv1.3, TLS_AES_128_GCM_SHA256, from the first byte"},
                  {"certificate", true, "issued by /CN=root for example.org"},
                  {"stream", true, "an XMPP server answers for example.org"},
                  {"features", true, "offers SASL EXTERNAL"}});
}

TEST_F(DomainCheck, ABadCertificateIsToldAndTheWayGoesOn) {
  struct Case {
    minting::Wish wish;
    bool by_root;
    std::string text;
  };
  const Case cases[] = {
      {{.names = {{Name::dns, "example.com"}}},
       true,
       "the certificate does not name example.org (issued by /CN=root for example.com, until "},
      {{.names = {{Name::dns, "example.org"}}, .until = -60},
       true,
       "the certificate has expired or is not valid yet ("},
      {{.names = {{Name::dns, "example.org"}}},
       false,
       "the certificate is not believed: self-signed certificate (signed by itself for example.org, until "},
      {{.common_name = "example.org"},
       true,
       "the certificate does not name example.org (issued by /CN=root for nobody"},
  };
  for (const Case& each : cases) {
    shows(each.wish, each.by_root ? &root : nullptr);
    serve({});
    expect(walk(), {{"dns", true, ""},
                    {"tcp", true, ""},
                    {"stream", true, ""},
                    {"tls", true, ""},
                    {"certificate", false, each.text},
                    {"features", true, ""}});
  }
}

TEST_F(DomainCheck, ABadCertificateIsGoodEnoughWhereDialbackIs) {
  options.certificate_needed = false;
  shows({.names = {{Name::dns, "example.org"}}}, nullptr);
  serve({});
  const auto steps = walk();
  ASSERT_EQ(steps.size(), 6U);
  EXPECT_TRUE(steps[4].good);
  EXPECT_TRUE(steps[4].text.ends_with("); accepted, because here dialback is proof enough")) << steps[4].text;
}

TEST_F(DomainCheck, SaysWhereTheWayEnds) {
  const std::string kPlain = "<stream:features/>";
  struct Case {
    Script script;
    std::vector<Expected> rest;  ///< behind "dns" and "tcp"
  };
  const Case cases[] = {
      {{.header = "HTTP/1.1 400 Bad Request\r\n\r\n", .features = ""},
       {{"stream", false, "what answers does not speak XMPP"}}},
      {{.header = "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>"},
       {{"stream", false, "what answers is no XMPP server, or this port is not for servers"}}},
      {{.header = "<stream:stream xmlns='jabber:server' from='example.com' "
                  "xmlns:stream='http://etherx.jabber.org/streams'>"},
       {{"stream", false, "the server answers as example.com"}}},
      {{.features = "<stream:error><host-unknown xmlns='urn:ietf:params:xml:ns:xmpp-streams'/><text "
                    "xmlns='urn:ietf:params:xml:ns:xmpp-streams'>we\x7f are n\u00f6t</text></stream:error>"},
       {{"stream", false, "the server ended the stream with host-unknown (we? are n??t)"}}},
      {{.features = "</stream:stream>"}, {{"stream", false, "the server ended the stream"}}},
      {{.features = "<message/>"}, {{"stream", false, "the server sends <message/> where that has no place"}}},
      {{.features = kPlain}, {{"stream", true, ""}, {"tls", false, "the server offers no encryption"}}},
      {{.proceed = "<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/> "},
       {{"stream", true, ""}, {"tls", false, "the server offers encryption, and then refuses it"}}},
      {{.proceed = "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/><more xmlns='tls'/>"},
       {{"stream", true, ""}, {"tls", false, "the connection ended: plaintext behind starttls"}}},
      {{.secure_features = kPlain},
       {{"stream", true, ""},
        {"tls", true, ""},
        {"certificate", true, ""},
        {"features", false, "offers neither dialback nor SASL EXTERNAL"}}},
  };
  for (const Case& each : cases) {
    serve(each.script);
    std::vector<Expected> all{{"dns", true, ""}, {"tcp", true, ""}};
    all.insert(all.end(), each.rest.begin(), each.rest.end());
    expect(walk(), all);
  }
}

TEST_F(DomainCheck, SaysWhatTheDnsLacks) {
  expect(walk("a b"), {{"dns", false, "'a b' is no domain"}});
  EXPECT_TRUE(dns.asked.empty());
  home.run([this] { dns.services["_xmpp-server._tcp.example.org"] = {{0, 0, 0, ""}}; });
  expect(walk(), {{"dns", false, "example.org offers no service to other servers"}});
  home.run([this] { dns.failing = true; });
  expect(walk(), {{"dns", false, "finding: forged"}});
}

TEST_F(DomainCheck, SaysThatNobodyAnswers) {
  serve({});
  server->home.run([this] { server->listener.reset(); });
  expect(walk(), {{"dns", true, ""}, {"tcp", false, ""}});
  expect(walk("m\u00fcnchen.example"),
         {{"dns", true, "has no SRV records, so the domain itself is tried: xn--mnchen-3ya.example:5269 (STARTTLS)"},
          {"tcp", false, "finding xn--mnchen-3ya.example: no address"}});
  EXPECT_EQ(dns.asked.back(), "_xmpp-server._tcp.xn--mnchen-3ya.example");
}

TEST_F(DomainCheck, ASilentServerEndsByTheDeadline) {
  serve({.header = "", .features = ""});
  options.deadline = 500ms;
  expect(walk(), {{"dns", true, ""}, {"tcp", true, ""}, {"stream", false, "no answer in time"}});
}

TEST_F(DomainCheck, AHandshakeWithoutAnswerEndsByTheDeadline) {
  serve({.direct_tls = true, .deaf = true});
  options.deadline = 500ms;
  expect(walk(), {{"dns", true, ""}, {"tcp", true, ""}, {"tls", false, "no answer in time"}});
}

TEST_F(DomainCheck, GoesToAForcedAddress) {
  serve({});
  options.address = net::Target{"127.0.0.1", server->port()};
  options.connect.private_addresses = false;
  const auto steps = walk();
  ASSERT_EQ(steps.size(), 6U);
  EXPECT_EQ(steps.at(0).text,
            "not asked: the configuration says 127.0.0.1:" + std::to_string(server->port()) + " (STARTTLS)");
  EXPECT_TRUE(steps.at(5).good);
  EXPECT_TRUE(dns.asked.empty());
}

TEST_F(DomainCheck, AFewRunAtATimeAndAnswerInJson) {
  serve({.features = "<stream:features/>"});
  Awaited<base::Result<nlohmann::json>> answers;
  auto checks = std::make_unique<admin::DomainChecks>();
  options.trust = net::TlsTrust::judged_later(authorities).value();
  options.connect.private_addresses = true;
  home.run([&] {
    for (std::size_t i = 0; i <= admin::DomainChecks::kMost; ++i)
      checks->start({home.loop, dns, connector, base::system_random()}, "example.org", options,
                    [&](base::Result<nlohmann::json> answer) { answers.put(std::move(answer)); });
  });
  const auto refused = answers.get();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().what, "4 checks are under way already");
  for (std::size_t i = 0; i < admin::DomainChecks::kMost; ++i) {
    const auto answer = answers.get();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->at("good"), false);
    EXPECT_EQ(answer->at("steps").size(), 4U);
    EXPECT_EQ(answer->at("steps").at(3),
              (nlohmann::json{{"name", "tls"}, {"good", false}, {"text", "the server offers no encryption"}}));
  }
  home.run([&] {
    checks->start({home.loop, dns, connector, base::system_random()}, "example.org", options,
                  [&](base::Result<nlohmann::json> answer) { answers.put(std::move(answer)); });
  });
  EXPECT_TRUE(answers.get()) << "they made room";
  home.run([&] { checks.reset(); });
}

TEST_F(DomainCheck, GivenUpItCallsNobody) {
  serve({.header = "", .features = ""});
  start("example.org");
  server->accepted.get();
  home.run([this] { check.reset(); });
  server->peers.front()->closed.get();
  EXPECT_TRUE(done.empty());
}

}  // namespace
