// Accepting: both families, the backlog, a taken port, and running out of descriptors.
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/resource.h>

#include <fstream>

#include "base/log.h"
#include "unit/net/loopback.h"

namespace {

using namespace loopback;

TEST(Listener, AnyAddressTakesBothFamilies) {
  Server server([](Peer& peer) { peer.take = echo; }, {}, "::");
  for (const int family : {AF_INET6, AF_INET}) {
    Client romeo(server.port(), family);
    romeo.send("hark");
    EXPECT_EQ(romeo.receive(4), "hark");
    EXPECT_TRUE(server.accepted.get()->transport->peer().starts_with("[::")) << family;
  }
}

std::string refusal(LoopThread& home, const std::string& address, std::uint16_t port) {
  return home.run([&] {
    const auto opened = net::Listener::open(home.loop, address, port, {}, {});
    return opened ? std::string() : opened.error().what;
  });
}

TEST(Listener, SaysWhichAddressIsTakenOrWrong) {
  Server first({});
  EXPECT_EQ(refusal(first.home, "127.0.0.1", first.port()),
            "listening on 127.0.0.1 port " + std::to_string(first.port()) + ": Address already in use");
  EXPECT_EQ(refusal(first.home, "nonsense", 1), "listening on nonsense port 1: Invalid argument");
}

/// The listening socket of this process on `port`.
int listening_socket(std::uint16_t port) {
  for (int fd = 3; fd < 1024; ++fd) {
    sockaddr_in at{};
    socklen_t size = sizeof at;
    int listens = 0;
    socklen_t flag = sizeof listens;
    if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &flag) == 0 && listens != 0 &&
        getsockname(fd, reinterpret_cast<sockaddr*>(&at), &size) == 0 && at.sin_port == htons(port))
      return fd;
  }
  return -1;
}

/// The socket of this process whose peer is `client`.
int accepted_socket(const Client& client) {
  sockaddr_in own{};
  socklen_t size = sizeof own;
  getsockname(client.fd(), reinterpret_cast<sockaddr*>(&own), &size);
  for (int fd = 3; fd < 1024; ++fd) {
    sockaddr_in peer{};
    size = sizeof peer;
    if (getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size) == 0 && peer.sin_port == own.sin_port) return fd;
  }
  return -1;
}

TEST(Listener, AVanishedPeerIsNoticed) {
  Server server({});
  const Client romeo(server.port());
  server.accepted.get();
  const int fd = accepted_socket(romeo);
  const auto option = [fd](int level, int name) {
    int value = -1;
    socklen_t size = sizeof value;
    EXPECT_EQ(getsockopt(fd, level, name, &value, &size), 0);
    return value;
  };
  EXPECT_EQ(option(IPPROTO_TCP, TCP_NODELAY), 1);
  EXPECT_EQ(option(SOL_SOCKET, SO_KEEPALIVE), 1);
  EXPECT_LE(option(IPPROTO_TCP, TCP_KEEPIDLE) + option(IPPROTO_TCP, TCP_KEEPINTVL) * option(IPPROTO_TCP, TCP_KEEPCNT),
            300);
  EXPECT_GT(option(IPPROTO_TCP, TCP_USER_TIMEOUT), 0);
  EXPECT_LE(option(IPPROTO_TCP, TCP_USER_TIMEOUT), 300'000);
}

TEST(Listener, BacklogHoldsAStorm) {
  Server server({});
  tcp_info info{};
  socklen_t size = sizeof info;
  ASSERT_EQ(getsockopt(listening_socket(server.port()), IPPROTO_TCP, TCP_INFO, &info, &size), 0);
  unsigned most = 0;
  std::ifstream("/proc/sys/net/core/somaxconn") >> most;
  EXPECT_GE(info.tcpi_sacked, std::min(1024U, most));  // of a listening socket: its backlog's bound
}

/// Only `left` descriptors beyond those open now, as long as it lives.
class FewDescriptors {
 public:
  explicit FewDescriptors(int left) {
    getrlimit(RLIMIT_NOFILE, &before_);
    const int next = dup(0);
    close(next);
    const rlimit now{static_cast<rlim_t>(next + left), before_.rlim_max};
    setrlimit(RLIMIT_NOFILE, &now);
  }
  ~FewDescriptors() { setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

/// The log while it lives: events are waited for.
class Log {
 public:
  Log() : file_(testing::TempDir() + "listener_test." + std::to_string(getpid())) {
    base::log::configure(base::log::Level::info, file_);
    lines_.open(file_);
  }
  ~Log() {
    base::log::configure(base::log::Level::info, "");
    std::remove(file_.c_str());
  }
  void wait_for(const std::string& event) {
    for (std::string line; line.find(event) == std::string::npos;) {
      lines_.clear();
      if (std::getline(lines_, line)) ++count_;
    }
  }
  int count() const { return count_; }

 private:
  std::string file_;
  std::ifstream lines_;
  int count_ = 0;
};

TEST(Listener, OutOfDescriptorsPausesAndGoesOn) {
  Log log;
  Server server([](Peer& peer) { peer.take = echo; });
  Client romeo(0);
  server.home.run([] { return 0; });
  {
    const FewDescriptors full(0);
    romeo.connect(server.port());  // the backlog takes it
    romeo.send("hark");
    log.wait_for("accept_paused");
    EXPECT_TRUE(server.accepted.empty());
  }
  EXPECT_EQ(romeo.receive(4), "hark");
  log.wait_for("accept_resumed");
  EXPECT_EQ(log.count(), 2);  // told once, however often it was tried
}

bool paused(Server& server) {
  return server.home.run([&] { return server.listener->paused(); });
}

TEST(Listener, KeepsSomeDescriptorsForOtherThings) {
  Log log;
  Server server([](Peer& peer) { peer.take = echo; });
  Client romeo(0), juliet(0);
  {
    const FewDescriptors few(16);
    romeo.connect(server.port());  // was waited for already
    log.wait_for("accept_paused");
    EXPECT_TRUE(paused(server));
    juliet.connect(server.port());
    juliet.send("hark");
    EXPECT_GE(net::Fd(open("/dev/null", O_RDONLY)).get(), 0);
  }
  EXPECT_EQ(juliet.receive(4), "hark");
  EXPECT_FALSE(paused(server));
}

}  // namespace
