// Clients over real sockets, TLS and two shards on their own threads: what the simulated link leaves out.
#include <set>

#include "base/base64.h"
#include "fixture.h"
#include "net/thread_executor.h"
#include "stream/digest.h"
#include "unit/net/loopback.h"
#include "unit/net/odd_certificates.h"

namespace c2s_test {
namespace {

class TlsTest : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    std::string name = std::filesystem::temp_directory_path() / "exedra-c2s-XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    directory = name;
    auto opened = store::Store::open(directory / "exedra.db", {}, disk, disk);
    ASSERT_TRUE(opened);
    store = std::move(*opened);
    registry.freeze();
    const auto settings = base::make_ref<const router::Settings>(
        std::vector<router::HostSettings>{{.domain = xmpp::Jid::from_prepared("example.org")}}, router::Limits());
    std::vector<c2s::Clients*> all;
    for (router::ShardId s = 0; s < 2; ++s) {
      board.router(s).use(settings);
      clients.push_back(std::make_unique<c2s::Clients>(
          c2s::Services{board.router(s), services[s], registry, *store, base::system_random(), cpu, {"fake", 4}}));
      all.push_back(clients.back().get());
    }
    const auto certificates = loopback::certificates();
    for (std::size_t s = 0; s < 2; ++s) {
      loops[s].run([&] {
        clients[s]->join(all);
        clients[s]->use(certificates);
      });
    }
    add_account("romeo");
    add_account("juliet");
    listen();
  }

  void TearDown() override {
    loops[0].run([&] { listener.reset(); });
    for (std::size_t s = 0; s < 2; ++s) {
      loopback::Awaited<bool> stopped;
      loops[s].run([&] { clients[s]->stop([&] { stopped.put(true); }); });
      EXPECT_TRUE(stopped.get());
    }
    for (std::size_t s = 0; s < 2; ++s) loops[s].run([&] { clients[s].reset(); });
    store.reset();
    std::filesystem::remove_all(directory);
  }

  void add_account(const std::string& local) {
    loopback::Awaited<bool> added;
    c2s::ScramKeyMaker maker(cpu, base::system_random(), 4);
    maker.make_keys(base::Secret("secret"), loops[0].loop, [&](base::Result<std::vector<store::ScramKeys>> keys) {
      auto unit = base::make_ref<store::Unit>();
      unit->add(store::AccountPut{{.local = local, .host = "example.org", .keys = std::move(*keys)}});
      store->write(unit, loops[0].loop, [&](const base::Result<void>& done) { added.put(done.has_value()); });
    });
    EXPECT_TRUE(added.get());
  }

  /// Sockets go to the shards in turn; GetParam() is direct TLS.
  void listen() {
    loops[0].run([&] {
      auto opened = net::Listener::open(
          loops[0].loop, "127.0.0.1", 0, [this]() -> net::AsioLoop& { return loops[next++ % 2].loop; },
          [this](net::AsioLoop& loop, std::unique_ptr<net::Transport> transport) {
            clients[&loop == &loops[0].loop ? 0 : 1]->accept(std::move(transport), {.direct_tls = GetParam()});
          });
      ASSERT_TRUE(opened);
      listener = std::move(*opened);
    });
  }

  static std::string await(loopback::Client& client, std::string_view part) {
    std::string got;
    while (!contains(got, part)) {
      const std::string some = client.receive_some();
      if (some.empty()) break;
      got += some;
    }
    EXPECT_TRUE(contains(got, part)) << got;
    return got;
  }

  /// To a stream inside TLS; gives back its features.
  static std::string secure(loopback::Client& client, const std::function<void(SSL&)>& prepare = {}) {
    if (!GetParam()) {
      client.send(stream_header());
      EXPECT_FALSE(contains(await(client, "</stream:features>"), "<mechanism"));
      client.send("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
      await(client, "<proceed");
    }
    EXPECT_TRUE(client.tls(prepare));
    client.send(stream_header());
    return await(client, "</stream:features>");
  }

  static std::string bind(loopback::Client& client, std::string_view user) {
    client.send(plain_auth(user, "secret"));
    await(client, "<success");
    client.send(stream_header() + "<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>");
    return await(client, "</jid>");
  }

  std::filesystem::path directory;
  net::ThreadExecutor disk{1}, cpu{1};
  std::array<loopback::LoopThread, 2> loops;
  router::Switchboard board{{&loops[0].loop, &loops[1].loop}};
  router::Registry registry;
  std::array<RecordingService, 2> services;
  std::unique_ptr<store::Store> store;
  std::vector<std::unique_ptr<c2s::Clients>> clients;
  std::unique_ptr<net::Listener> listener;
  std::size_t next = 0;
};

TEST_P(TlsTest, OffersChannelBindingAndCarriesASession) {
  std::set<std::size_t> homes;
  for (const char* user : {"romeo", "juliet", "romeo", "juliet"}) {
    loopback::Client client(listener->port());
    const std::string features = secure(client);
    EXPECT_TRUE(contains(features, "SCRAM-SHA-256-PLUS")) << features;
    EXPECT_TRUE(contains(features, "tls-exporter")) << features;
    bind(client, user);
    client.send("<enable xmlns='urn:xmpp:sm:3'/>" + message("m1") + "<r xmlns='urn:xmpp:sm:3'/>");
    await(client, "h='1'");
    const std::size_t home = board.owner(xmpp::Jid::from_prepared(std::string(user) + "@example.org"));
    loops[home].run([&] { services[home].deliver(services[home].sessions.back(), "d1"); });
    await(client, "id='d1'");
    client.send("</stream:stream>");
    await(client, "</stream:stream>");
  }
}

TEST_P(TlsTest, ManyStanzasInBothDirections) {
  loopback::Client client(listener->port());
  secure(client);
  bind(client, "romeo");
  client.send("<enable xmlns='urn:xmpp:sm:3'/>");
  const std::size_t home = board.owner(xmpp::Jid::from_prepared("romeo@example.org"));
  std::string all;
  for (int i = 0; i < 3000; ++i) all += message("m" + std::to_string(i));
  client.send(all + "<r xmlns='urn:xmpp:sm:3'/>");
  await(client, "h='3000'");
  loops[home].run([&] {
    for (int i = 0; i < 500; ++i) services[home].deliver(services[home].sessions.back(), "d" + std::to_string(i));
  });
  await(client, "id='d499'");
}

TEST_P(TlsTest, PlaintextBehindStarttlsCloses) {
  if (GetParam()) return;  // nothing is in the clear
  loopback::Client client(listener->port());
  client.send(stream_header());
  await(client, "</stream:features>");
  client.send("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>" + stream_header());
  std::string got;
  while (true) {
    const std::string some = client.receive_some();
    if (some.empty()) break;
    got += some;
  }
  EXPECT_FALSE(contains(got, "<stream:features")) << got;
}

std::string auth(std::string_view mechanism, std::string_view message) {
  return "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='" + std::string(mechanism) + "'>" +
         base::base64(message) + "</auth>";
}

std::string exporter(SSL& ssl) {
  std::string bytes(32, '\0');
  EXPECT_EQ(SSL_export_keying_material(&ssl, reinterpret_cast<unsigned char*>(bytes.data()), bytes.size(),
                                       "EXPORTER-Channel-Binding", 24, nullptr, 0, 1),
            1);
  return bytes;
}

/// romeo's final message, by RFC 5802 3, where he believes in this channel binding.
std::string scram_last(std::string_view gs2, std::string_view bare, const std::string& first,
                       std::string_view binding) {
  const auto value = [&](std::string_view name) {
    const auto at = first.find(name) + name.size();
    return first.substr(at, first.find(',', at) - at);
  };
  constexpr auto hash = stream::Hash::sha256;
  const std::string without = "c=" + base::base64(std::string(gs2) + std::string(binding)) + ",r=" + value("r=");
  const base::Secret salted = stream::pbkdf2(hash, "secret", *base::from_base64(value(",s=")),
                                             static_cast<std::uint32_t>(std::stoul(value(",i="))));
  std::string proof = stream::hmac(hash, salted.reveal(), "Client Key");
  const std::string signature =
      stream::hmac(hash, stream::digest(hash, proof), std::string(bare) + "," + first + "," + without);
  for (std::size_t i = 0; i < proof.size(); ++i) proof[i] = static_cast<char>(proof[i] ^ signature[i]);
  return without + ",p=" + base::base64(proof);
}

// SECURITY A05.
TEST_P(TlsTest, WhoBindsToAnotherChannelIsRefused) {
  constexpr std::string_view gs2 = "p=tls-exporter,,", bare = "n=romeo,r=abc";
  for (const bool right : {false, true}) {
    loopback::Client client(listener->port());
    secure(client);
    client.send(auth("SCRAM-SHA-256-PLUS", std::string(gs2) + std::string(bare)));
    const std::string challenge = await(client, "</challenge>");
    const auto begin = challenge.find('>', challenge.find("<challenge")) + 1;
    const std::string first = *base::from_base64(challenge.substr(begin, challenge.find("</") - begin));
    std::string binding = exporter(client.ssl());
    if (!right) binding[31] ^= 1;
    client.send("<response xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>" +
                base::base64(scram_last(gs2, bare, first, binding)) + "</response>");
    await(client, right ? "<success" : "<not-authorized");
  }
}

// SECURITY A05: somebody took -PLUS out of the list that the client saw.
TEST_P(TlsTest, WhoMissedPlusIsRefused) {
  loopback::Client client(listener->port());
  secure(client);
  client.send(auth("SCRAM-SHA-256", "y,,n=romeo,r=abc"));
  await(client, "<not-authorized");
}

// SECURITY T05: a client certificate, however odd, opens no door.
TEST_P(TlsTest, ExternalIsNotOfferedForOddCertificates) {
  for (const loopback::OddCertificate& odd : loopback::odd_certificates()) {
    SCOPED_TRACE(odd.what);
    loopback::Client client(listener->port());
    EXPECT_FALSE(contains(secure(client, [&](SSL& ssl) { present(ssl, odd); }), "EXTERNAL"));
    client.send(auth("EXTERNAL", "romeo@example.org"));
    await(client, "<invalid-mechanism");
    client.send(plain_auth("romeo", "secret"));
    await(client, "<success");
  }
}

INSTANTIATE_TEST_SUITE_P(Port, TlsTest, testing::Bool(),
                         [](const auto& row) { return row.param ? "DirectTls" : "Starttls"; });

}  // namespace
}  // namespace c2s_test
