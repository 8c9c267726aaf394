// Dialling over loopback: names, several addresses, deadlines, whom TLS believes, and what a broken connection tells
// about what had arrived.
#include <fcntl.h>
#include <openssl/pem.h>
#include <sys/ioctl.h>

#include "net/tcp_dialer.h"
#include "net/thread_executor.h"
#include "unit/net/loopback.h"

namespace {

using namespace loopback;
using Answer = base::Result<std::unique_ptr<net::Transport>>;

/// Knows a few names; the others never get an answer.
class FewNames final : public net::Resolver {
 public:
  void resolve(base::Loop& loop, const std::string& host, Done done) override {
    const auto found = names.find(host);
    if (found == names.end()) return waiting.push_back(std::move(done));
    loop.post([addresses = found->second, done = std::move(done)]() mutable { done(addresses); });
  }
  std::map<std::string, Addresses> names;
  std::vector<Done> waiting;
};

/// A socket that listens and accepts nothing by itself.
class Deaf {
 public:
  explicit Deaf(int backlog, int receive_buffer = 0) : fd_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in at{.sin_family = AF_INET, .sin_port = 0, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof at;
    if (receive_buffer > 0) setsockopt(fd_.get(), SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    EXPECT_EQ(bind(fd_.get(), reinterpret_cast<sockaddr*>(&at), size), 0);
    EXPECT_EQ(listen(fd_.get(), backlog), 0);
    EXPECT_EQ(getsockname(fd_.get(), reinterpret_cast<sockaddr*>(&at), &size), 0);
    port = ntohs(at.sin_port);
  }
  net::Fd accept() { return net::Fd(::accept(fd_.get(), nullptr, nullptr)); }
  std::uint16_t port = 0;

 private:
  net::Fd fd_;
};

struct DialerTest : testing::Test {
  ~DialerTest() override {
    home.run([this] {
      call.reset();
      caller.transport.reset();
    });
  }

  void dial(std::uint16_t port, const net::DialOptions& options = {}, const std::string& host = "verona") {
    home.run([&] {
      call = dialer.dial(host, port, options, [this](Answer answer) {
        call.reset();
        if (!answer) return outcome.put(answer.error().what);
        caller.transport = std::move(*answer);
        caller.transport->start(caller);
        outcome.put("connected");
      });
    });
  }

  LoopThread home;
  FewNames resolver;
  net::TcpDialer dialer{home.loop, resolver};
  std::unique_ptr<net::Dialer::Call> call;
  Peer caller;
  Awaited<std::string> outcome;
};

TEST_F(DialerTest, TriesEveryAddressOfTheName) {
  Server server([](Peer& peer) { peer.take = echo; });
  resolver.names["verona"] = {"127.0.0.2", "127.0.0.3", "127.0.0.1"};
  dial(server.port());
  EXPECT_EQ(outcome.get(), "connected");
  EXPECT_EQ(caller.transport->peer(), "127.0.0.1:" + std::to_string(server.port()));
  home.run([this] { caller.transport->send("hark"); });
  server.accepted.get();
  home.run([this] { caller.transport->close(); });
  EXPECT_EQ(caller.closed.get(), "");
}

TEST_F(DialerTest, SaysWhyNobodyAnswered) {
  resolver.names["verona"] = {"127.0.0.2", "127.0.0.1"};
  std::uint16_t port = 0;
  {
    const Deaf gone(1);
    port = gone.port;
  }
  dial(port);
  EXPECT_EQ(outcome.get(), "connecting to 127.0.0.1:" + std::to_string(port) + ": Connection refused");
}

TEST_F(DialerTest, SilenceEndsByTheDeadline) {
  resolver.names["verona"] = {"127.0.0.1"};
  Deaf deaf(0);
  std::vector<std::unique_ptr<Client>> fillers;  // the backlog is full, so that a call is not answered at all
  for (int i = 0; i < 8; ++i) {
    auto& filler = *fillers.emplace_back(std::make_unique<Client>(0));
    fcntl(filler.fd(), F_SETFL, O_NONBLOCK);
    sockaddr_in to{.sin_family = AF_INET, .sin_port = htons(deaf.port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    (void)connect(filler.fd(), reinterpret_cast<sockaddr*>(&to), sizeof to);
  }
  dial(deaf.port, {.deadline = 100ms});
  EXPECT_EQ(outcome.get(), "connecting to 127.0.0.1:" + std::to_string(deaf.port) + ": no answer");
  dial(deaf.port, {.deadline = 50ms}, "mantua");
  EXPECT_EQ(outcome.get(), "finding the name took too long");
}

TEST_F(DialerTest, ACallGivenUpIsNotAnswered) {
  Server server({});
  dial(server.port(), {}, "mantua");
  home.run([this] {
    call.reset();
    resolver.waiting.at(0)(net::Resolver::Addresses{"127.0.0.1"});
  });
  resolver.names["verona"] = {"127.0.0.1"};
  dial(server.port());
  EXPECT_EQ(outcome.get(), "connected");
  EXPECT_TRUE(outcome.empty());
}

TEST_F(DialerTest, ANumberThatIsNoAddressIsAnError) {
  resolver.names["verona"] = {"nonsense"};
  dial(1);
  EXPECT_EQ(outcome.get(), "connecting to nonsense:1: Invalid argument");
}

TEST_F(DialerTest, AVanishedPeerIsNoticedWithinAMinute) {
  Server server({});
  resolver.names["verona"] = {"127.0.0.1"};
  dial(server.port());
  EXPECT_EQ(outcome.get(), "connected");
  int fd = 3;
  for (sockaddr_in peer{}; fd < 1024; ++fd) {
    socklen_t size = sizeof peer;
    if (getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size) == 0 && peer.sin_port == htons(server.port())) break;
  }
  const auto option = [fd](int level, int name) {
    int value = -1;
    socklen_t size = sizeof value;
    EXPECT_EQ(getsockopt(fd, level, name, &value, &size), 0);
    return value;
  };
  EXPECT_EQ(option(IPPROTO_TCP, TCP_NODELAY), 1);
  EXPECT_EQ(option(SOL_SOCKET, SO_KEEPALIVE), 1);
  EXPECT_EQ(option(IPPROTO_TCP, TCP_KEEPIDLE), 30);
  EXPECT_EQ(option(IPPROTO_TCP, TCP_KEEPCNT), 3);
  EXPECT_LT(option(IPPROTO_TCP, TCP_USER_TIMEOUT), 60'000);
}

TEST_F(DialerTest, TellsWhatThePeerDidNotGet) {
  Deaf juliet(1, 4096);
  resolver.names["verona"] = {"127.0.0.1"};
  dial(juliet.port);
  EXPECT_EQ(outcome.get(), "connected");
  net::Fd accepted = juliet.accept();
  const std::string letter = pattern(2 << 20);
  home.run([&] { caller.transport->send(letter); });
  // What one system has acknowledged is what the other has.
  const auto arrived = [&] {
    int bytes = 0;
    ioctl(accepted.get(), FIONREAD, &bytes);
    return static_cast<std::size_t>(bytes);
  };
  const auto left = [&] { return home.run([&] { return caller.transport->unacknowledged_bytes(); }); };
  std::size_t before = 0;
  while (before == 0 || before != arrived() || left() != letter.size() - before) before = arrived();
  const linger none{1, 0};
  setsockopt(accepted.get(), SOL_SOCKET, SO_LINGER, &none, sizeof none);
  accepted = net::Fd();  // a reset
  EXPECT_NE(caller.closed.get(), "");
  EXPECT_EQ(left(), letter.size() - before);
}

TEST_F(DialerTest, OfWhatArrivedNothingIsLeft) {
  Server server({});
  resolver.names["verona"] = {"127.0.0.1"};
  dial(server.port());
  EXPECT_EQ(outcome.get(), "connected");
  Peer& peer = *server.accepted.get();
  home.run([&] { caller.transport->send(pattern(100'000)); });
  while (server.home.run([&] { return peer.received.size(); }) < 100'000) {
  }
  while (home.run([&] { return caller.transport->unacknowledged_bytes(); }) != 0) {
  }
  server.home.run([&] { peer.transport.reset(); });
  caller.closed.get();
  EXPECT_EQ(home.run([&] { return caller.transport->unacknowledged_bytes(); }), 0U);
}

TEST(SystemResolver, KnowsNumbersAndTheHostsFile) {
  LoopThread home;
  net::ThreadExecutor threads(1);
  net::SystemResolver resolver(threads);
  const auto ask = [&](const std::string& host) {
    Awaited<std::string> answer;
    home.run([&] {
      resolver.resolve(home.loop, host, [&](const base::Result<net::Resolver::Addresses>& found) {
        answer.put(found ? found->front() : found.error().what);
      });
    });
    return answer.get();
  };
  EXPECT_EQ(ask("127.0.0.1"), "127.0.0.1");
  EXPECT_EQ(ask("::1"), "::1");
  EXPECT_TRUE(ask("localhost") == "127.0.0.1" || ask("localhost") == "::1");
  EXPECT_TRUE(ask("no name at all").starts_with("finding no name at all: "));
}

/// A server behind TLS, and the file of its certificate.
struct TlsDialerTest : DialerTest {
  TlsDialerTest() {
    char name[] = "/tmp/net_test.XXXXXX";
    if (mkdtemp(name) == nullptr) throw std::runtime_error("no folder");
    folder = name;
    const certs::Files files{folder + "/example.org.crt", folder + "/example.org.key"};
    const auto now = std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
    EXPECT_TRUE(certs::create_self_signed("example.org", files, now));
    certificate = files.certificate;
    std::vector<certs::Problem> problems;
    store = certs::Store::load({{"example.org", files}}, {}, now, problems).value();
    server = std::make_unique<Server>([this](Peer& peer) {
      peer.take = echo;
      peer.transport->start_tls(store, "example.org");
    });
    resolver.names["example.org"] = resolver.names["example.net"] = {"127.0.0.1"};
  }
  ~TlsDialerTest() override { std::filesystem::remove_all(folder); }

  std::string fingerprint() const {
    certs::BioPtr file(BIO_new_file(certificate.c_str(), "r"));
    certs::CertPtr shown(PEM_read_bio_X509(file.get(), nullptr, nullptr, nullptr));
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    X509_digest(shown.get(), EVP_sha256(), digest, &size);
    std::string hex;
    for (unsigned int i = 0; i < size; ++i)
      for (const int half : {digest[i] >> 4, digest[i] & 15}) hex += "0123456789abcdef"[half];
    return hex;
  }
  std::string outcome_with(base::Result<base::Ref<const net::TlsTrust>> trust, const std::string& host) {
    dial(server->port(), {.tls = trust.value()}, host);
    return outcome.get();
  }
  bool refused(const std::string& text) const { return text.find("certificate verify failed") != std::string::npos; }

  std::string folder, certificate;
  base::Ref<certs::Store> store;
  std::unique_ptr<Server> server;
};

TEST_F(TlsDialerTest, BelievesAnAuthorityAboutTheName) {
  ASSERT_EQ(outcome_with(net::TlsTrust::authorities(certificate), "example.org"), "connected");
  EXPECT_EQ(home.run([this] { return caller.transport->tls()->version(); }), "TLSv1.3");
  home.run([this] { caller.transport->send("wherefore"); });
  while (home.run([this] { return caller.received; }) != "wherefore") {
  }
  EXPECT_GT(home.run([this] { return caller.transport->tls()->overhead(); }), 0U);
}

TEST_F(TlsDialerTest, RefusesTheWrongNameAndUnknownAuthorities) {
  const std::string other = outcome_with(net::TlsTrust::authorities(certificate), "example.net");
  EXPECT_TRUE(refused(other)) << other;
  EXPECT_NE(other.find("hostname mismatch"), std::string::npos) << other;
  const std::string unknown = outcome_with(net::TlsTrust::system(), "example.org");
  EXPECT_TRUE(refused(unknown)) << unknown;
}

TEST_F(TlsDialerTest, BelievesOnePinnedCertificate) {
  EXPECT_EQ(outcome_with(net::TlsTrust::pinned(fingerprint()), "example.net"), "connected");
  const std::string other = outcome_with(net::TlsTrust::pinned(std::string(64, 'a')), "example.org");
  EXPECT_TRUE(refused(other)) << other;
  for (const std::string bad : {"", "abc", "zz"}) EXPECT_FALSE(net::TlsTrust::pinned(bad + std::string(62, 'g')));
  EXPECT_FALSE(net::TlsTrust::authorities(folder + "/missing"));
}

TEST_F(TlsDialerTest, APeerThatSpeaksNoTlsIsRefused) {
  Server plain([](Peer& peer) { peer.transport->send("welcome to the orchard, traveller"); });
  dial(plain.port(), {.tls = net::TlsTrust::authorities(certificate).value()}, "example.org");
  EXPECT_NE(outcome.get().find("TLS: "), std::string::npos);
}

TEST_F(TlsDialerTest, WhatCameWithTheHandshakeIsNotLost) {
  Server eager([this](Peer& peer) {
    peer.transport->start_tls(store, "example.org");
    peer.transport->send("early word");  // leaves with the end of the handshake
  });
  dial(eager.port(), {.tls = net::TlsTrust::authorities(certificate).value()}, "example.org");
  EXPECT_EQ(outcome.get(), "connected");
  while (home.run([this] { return caller.received; }) != "early word") {
  }
}

}  // namespace
