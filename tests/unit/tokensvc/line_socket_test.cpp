// The line protocol through real sockets: the vectors with their bytes split anywhere, TLS, client certificates, a Unix
// socket.
#include <gtest/gtest.h>
#include <sys/un.h>

#include <filesystem>
#include <future>
#include <thread>

#include "net/listener.h"
#include "net/thread_executor.h"
#include "net/unix_listener.h"
#include "tokensvc/line.h"
#include "tokensvc/line_server.h"
#include "town.h"
#include "unit/net/loopback_client.h"
#include "vectors.h"

namespace tokensvc {
namespace {

using namespace std::string_literals;

/// Its calendar stands still at kNow.
class FrozenLoop final : public net::AsioLoop {
 public:
  base::WallTime wall() const override { return kNow; }
};

/// What the core answers to these bytes.
std::string answers(std::string_view bytes) {
  const Caller caller = skotos();
  Bucket bucket;
  const KeyRing keys = ring_of(secret_key());
  Desk desk(caller, bucket, keys);
  Line line;
  std::string all;
  while (auto answer = line.next(bytes, desk, kInstant)) all += answer->bytes;
  return all;
}

base::Ref<Settings> settings() {
  auto made = base::make_ref<Settings>(ring_of(secret_key()));
  CallerSettings skotos_settings;
  skotos_settings.caller = skotos();
  made->callers.push_back(std::move(skotos_settings));
  return made;
}

/// An entrance on a loop of its own, over a store on the disk.
class Sockets : public testing::Test {
 protected:
  Sockets() {
    char name[] = "/tmp/tokensvc_test.XXXXXX";
    folder = mkdtemp(name);
    store = std::move(*store::Store::open(folder + "/exedra.db", {}, writing, reading));
    office = std::make_unique<Office>(loop, *store, settings());
    thread = std::jthread([this] { loop.run(); });
  }
  ~Sockets() override {
    run([this] {
      listener.reset();
      unix_listener.reset();
      server.reset();
    });
    loop.stop();
    thread.join();
    std::filesystem::remove_all(folder);
  }

  template <class Job>
  void run(Job job) {
    std::packaged_task<void()> task(std::move(job));
    auto done = task.get_future();
    loop.post(std::move(task));
    done.get();
  }
  /// The loop has looked at all sockets.
  void turn() {
    run([] {});
    run([] {});
  }
  void open(const LineEntrance& entrance, const base::Ref<certs::Store>& certificates = {}) {
    run([&] {
      server = std::make_unique<LineServer>(*office, entrance);
      server->use(certificates);
      auto opened = net::Listener::open(
          loop, "127.0.0.1", 0, [this]() -> net::AsioLoop& { return loop; },
          [this](net::AsioLoop&, std::unique_ptr<net::Transport> transport) { server->accept(std::move(transport)); });
      listener = std::move(*opened);
    });
  }

  std::string folder;
  net::ThreadExecutor writing{1}, reading{1};
  FrozenLoop loop;
  std::unique_ptr<store::Store> store;
  std::unique_ptr<Office> office;
  std::unique_ptr<LineServer> server;
  std::unique_ptr<net::Listener> listener;
  std::unique_ptr<net::UnixListener> unix_listener;
  std::jthread thread;
};

TEST_F(Sockets, VectorsSplitAtEveryPosition) {
  open({.caller = "skotos"});
  loopback::Client game(listener->port());
  const std::string fence = R"({"cmd":"ping","seq":"fence"})" + kNul;
  const std::string fenced = answers(fence);
  for (const Vector& vector : vectors()) {
    if (vector.number.starts_with("17")) continue;  // the end of a connection
    const std::string expected = answers(vector.bytes) + fenced;
    for (std::size_t at = 0; at < vector.bytes.size(); ++at) {
      game.send(vector.bytes.substr(0, at));
      turn();
      game.send(vector.bytes.substr(at) + fence);
      ASSERT_EQ(game.receive(expected.size()), expected) << "vector " << vector.number << " cut at " << at;
    }
  }
}

TEST_F(Sockets, SixteenKilobytesAreTheEnd) {
  open({.caller = "skotos"});
  for (const std::size_t at : {std::size_t{0}, std::size_t{1}, std::size_t{16384}}) {
    loopback::Client game(listener->port());
    game.send(std::string(at, 'x'));
    turn();
    game.send(std::string(16385 - at, 'x'));
    const std::string expected = answers(std::string(16385, 'x'));
    EXPECT_EQ(game.receive(expected.size()), expected);
    EXPECT_EQ(game.receive_some(), "") << "closed";
  }
}

TEST_F(Sockets, TheGoldenToken) {
  open({.caller = "skotos"});
  loopback::Client game(listener->port());
  game.send(vectors().front().bytes);
  const std::string reply = game.receive(answers(vectors().front().bytes).size());
  EXPECT_NE(reply.find(".SKtaG7lA7BpBqZivQgwYZNH0TCsKkh1uLbvLt9D5lZk\""), std::string::npos) << reply;
  EXPECT_TRUE(reply.ends_with("\n"s + '\0'));
}

base::Ref<certs::Store> asking_certificates(const std::string& folder) {
  const certs::Files files{folder + "/a.crt", folder + "/a.key"};
  EXPECT_TRUE(certs::create_self_signed("example.org", files, kNow, 36'500));
  std::vector<certs::Problem> problems;
  return std::move(*certs::Store::load({{"example.org", files}}, {}, kNow, problems, certs::Clients::asked));
}

TEST_F(Sockets, ACertificateIsProofEnough) {
  const certs::Files mine{folder + "/game.crt", folder + "/game.key"};
  ASSERT_TRUE(certs::create_self_signed("marrach", mine, kNow, 36'500));
  std::vector<certs::Problem> problems;
  const auto pair = certs::load_pair(mine, "marrach", kNow, problems);
  auto known = settings();
  known->callers[0].certificate = certs::fingerprint(*pair->certificate);
  EXPECT_EQ(known->callers[0].certificate.size(), 64U);
  run([&] { office->use(known); });
  open({.tls = true}, asking_certificates(folder));
  const std::string ping = R"({"cmd":"ping","seq":1})" + kNul;
  loopback::Client game(listener->port());
  ASSERT_TRUE(game.tls([&](SSL& ssl) {
    SSL_use_certificate(&ssl, pair->certificate.get());
    SSL_use_PrivateKey(&ssl, pair->key.get());
  }));
  game.send(ping);
  EXPECT_EQ(game.receive(answers(ping).size()), answers(ping));
  loopback::Client stranger(listener->port());
  ASSERT_TRUE(stranger.tls());
  stranger.send(ping);
  EXPECT_NE(stranger.receive(1000).find("the first frame must have the secret"), std::string::npos);
  loopback::Client other(listener->port());
  const certs::Files theirs{folder + "/other.crt", folder + "/other.key"};
  ASSERT_TRUE(certs::create_self_signed("marrach", theirs, kNow, 36'500));
  const auto same_name = certs::load_pair(theirs, "marrach", kNow, problems);
  ASSERT_TRUE(other.tls([&](SSL& ssl) {
    SSL_use_certificate(&ssl, same_name->certificate.get());
    SSL_use_PrivateKey(&ssl, same_name->key.get());
  }));
  other.send(ping);
  EXPECT_NE(other.receive(1000).find("the first frame must have the secret"), std::string::npos);
}

TEST_F(Sockets, AUnixSocketTellsWhoseProcessItIs) {
  auto known = settings();
  known->callers[0].user = geteuid();
  const std::string path = folder + "/games.sock";
  run([&] {
    office->use(known);
    server = std::make_unique<LineServer>(*office, LineEntrance{.socket = path});
    auto opened = net::UnixListener::open_to(
        loop, path, [this](std::uint32_t user) { return server->admits(user); },
        [this](std::unique_ptr<net::Transport> transport, std::uint32_t user) {
          server->accept(std::move(transport), user);
        });
    unix_listener = std::move(*opened);
  });
  const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un to{.sun_family = AF_UNIX, .sun_path = {}};
  path.copy(to.sun_path, sizeof to.sun_path - 1);
  ASSERT_EQ(connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
  const std::string ping = R"({"cmd":"ping","seq":1})" + kNul, expected = answers(ping);
  ASSERT_EQ(send(fd, ping.data(), ping.size(), 0), static_cast<ssize_t>(ping.size()));
  std::string reply(expected.size(), '\0');
  EXPECT_EQ(recv(fd, reply.data(), reply.size(), MSG_WAITALL), static_cast<ssize_t>(reply.size()));
  EXPECT_EQ(reply, expected);
  close(fd);
}

}  // namespace
}  // namespace tokensvc
