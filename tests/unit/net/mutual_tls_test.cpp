// TLS between two servers: who opened the connection is the client, both show certificates, and each judges the other
// after the handshake (SECURITY F04).
#include "certs/judge.h"
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

struct MutualTls : testing::Test {
  MutualTls() {
    char name[] = "/tmp/mutual_test.XXXXXX";
    if (mkdtemp(name) == nullptr) throw std::runtime_error("no folder");
    folder = name;
    minting::write_certificates(folder + "/root.crt", {root.certificate.get()});
    authorities = certs::Authorities::from(folder + "/root.crt").value();
    verona = store("verona.example", &root);
    mantua = store("mantua.example", &root);
  }
  ~MutualTls() override {
    home.run([this] {
      call.reset();
      caller.transport.reset();
    });
    std::filesystem::remove_all(folder);
  }

  base::Ref<certs::Store> store(const std::string& domain, const certs::Pair* by) const {
    const certs::Pair pair = minting::mint({.names = {{Name::dns, domain}}}, by);
    const certs::Files files{folder + "/pair.crt", folder + "/pair.key"};
    minting::write_certificates(files.certificate, {pair.certificate.get()});
    minting::write_key(files.key, *pair.key);
    const auto now = std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
    std::vector<certs::Problem> problems;
    return certs::Store::load({{domain, files}}, {"xmpp-server"}, now, problems, certs::Clients::judged, authorities)
        .value();
  }

  /// Verona's server calls Mantua's, which says `first` in plain.
  void meet(const base::Ref<certs::Store>& ours, const base::Ref<certs::Store>& theirs,
            const std::string& first = "<proceed/>", const std::string& alpn = "xmpp-server") {
    server = std::make_unique<Server>([theirs, first](Peer& peer) {
      peer.take = [theirs, first](Peer& p, std::string_view text) {
        if (p.transport->tls() != nullptr) return echo(p, text);
        p.transport->send(first);
        p.transport->start_tls(theirs, "mantua.example");
        return text.size();
      };
    });
    const auto trust = net::TlsTrust::judged_later(authorities).value();
    caller.take = [=](Peer& peer, std::string_view text) {
      if (peer.transport->tls() != nullptr) return text.size();
      const auto own = ours ? ours->choose("verona.example") : base::Ref<certs::Context>();
      peer.transport->start_tls_client({trust, "mantua.example", own, alpn});
      return std::string_view("<proceed/>").size();
    };
    home.run([&] {
      call = dialer.dial("127.0.0.1", server->port(), {}, [this](base::Result<std::unique_ptr<net::Transport>> made) {
        call.reset();
        caller.transport = std::move(made.value());
        caller.transport->start(caller);
        caller.transport->send("<starttls/>");
      });
    });
    callee = server->accepted.get();
  }

  static certs::Judgement judge(const net::Transport& transport, const std::string& domain) {
    const auto now = std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
    return certs::judge(transport.tls()->shown(), {domain}, now);
  }
  certs::Judgement of_callee(const std::string& domain = "mantua.example") {
    caller.opened.get();
    return home.run([&] { return judge(*caller.transport, domain); });
  }
  certs::Judgement of_caller(const std::string& domain = "verona.example") {
    callee->opened.get();
    return server->home.run([&] { return judge(*callee->transport, domain); });
  }

  const certs::Pair root = minting::mint({.common_name = "root", .authority = true});
  std::string folder;
  base::Ref<const certs::Authorities> authorities;
  base::Ref<certs::Store> verona, mantua;
  LoopThread home;
  Numbers numbers;
  net::TcpDialer dialer{home.loop, numbers};
  Peer caller;
  std::unique_ptr<net::Dialer::Call> call;
  std::unique_ptr<Server> server;
  Peer* callee = nullptr;
};

TEST_F(MutualTls, BothKnowWhoTheOtherIs) {
  meet(verona, mantua);
  EXPECT_EQ(of_callee().reason, "");
  EXPECT_EQ(of_caller().reason, "");
  home.run([this] { caller.transport->send("hark"); });
  while (home.run([this] { return caller.received; }) != "<proceed/>hark") {
  }
  const auto seen = server->home.run([this] {
    const net::TlsEngine& tls = *callee->transport->tls();
    return std::vector{tls.alpn(), tls.server_name(), tls.version(), tls.cipher(), tls.client_fingerprint()};
  });
  EXPECT_EQ(seen, (std::vector<std::string>{
                      "xmpp-server", "mantua.example", "TLSv1.3", "TLS_AES_128_GCM_SHA256",
                      certs::fingerprint(*SSL_CTX_get0_certificate(verona->choose("verona.example")->get()))}));
}

TEST_F(MutualTls, F04AnotherNameIsFoundOut) {
  meet(verona, mantua);
  EXPECT_EQ(of_callee("venice.example").reason, "the certificate does not name venice.example");
  EXPECT_EQ(of_caller("venice.example").reason, "the certificate does not name venice.example");
}

TEST_F(MutualTls, F04SelfSignedOnesConnectAndAreNotBelieved) {
  meet(store("verona.example", nullptr), store("mantua.example", nullptr));
  for (const auto& made : {of_callee(), of_caller()}) {
    EXPECT_TRUE(made.self_signed);
    EXPECT_TRUE(made.named);
    EXPECT_FALSE(made.valid());
    EXPECT_EQ(made.reason, "the certificate is not believed: self-signed certificate");
  }
}

TEST_F(MutualTls, F04AStrangersSignatureIsNotBelieved) {
  const certs::Pair stranger = minting::mint({.common_name = "root", .authority = true});
  meet(store("verona.example", &stranger), store("mantua.example", &stranger));
  for (const auto& made : {of_callee(), of_caller()}) {
    EXPECT_FALSE(made.believed);
    EXPECT_FALSE(made.self_signed);
  }
}

TEST_F(MutualTls, WhoCallsMayShowNothing) {
  meet({}, mantua);
  EXPECT_TRUE(of_callee().valid());
  EXPECT_EQ(of_caller().reason, "the peer showed no certificate");
}

TEST_F(MutualTls, ATakenCertificateIsNotABelievedOne) {
  const auto now = std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
  const certs::Files files{folder + "/pair.crt", folder + "/pair.key"};  // the last one made: Mantua's
  std::vector<certs::Problem> problems;
  meet(store("verona.example", nullptr), mantua);
  EXPECT_FALSE(of_caller().believed);
  const auto any = certs::Store::load({{"mantua.example", files}}, {}, now, problems, certs::Clients::asked).value();
  home.run([this] { caller.transport.reset(); });
  server.reset();
  meet(verona, any);
  EXPECT_FALSE(of_caller().believed);
}

TEST_F(MutualTls, T01PlaintextBehindProceedCloses) {
  meet(verona, mantua, "<proceed/><features/>");
  EXPECT_EQ(caller.closed.get(), "plaintext behind starttls");
  EXPECT_EQ(home.run([this] { return caller.received; }), "<proceed/>");
}

TEST_F(MutualTls, AnotherProtocolIsRefused) {
  meet(verona, mantua, "<proceed/>", "h2");
  EXPECT_TRUE(caller.closed.get().starts_with("TLS: "));
}

TEST_F(MutualTls, APeerWithoutTlsIsNoticed) {
  server = std::make_unique<Server>([](Peer& peer) { peer.transport->send("<stream>"); });
  home.run([&] {
    call = dialer.dial("127.0.0.1", server->port(), {}, [this](base::Result<std::unique_ptr<net::Transport>> made) {
      call.reset();
      caller.transport = std::move(made.value());
      caller.transport->start_tls_client({net::TlsTrust::judged_later(authorities).value(), "mantua.example"});
      caller.transport->start(caller);  // direct TLS
    });
  });
  EXPECT_TRUE(caller.closed.get().starts_with("TLS: "));
}

}  // namespace
