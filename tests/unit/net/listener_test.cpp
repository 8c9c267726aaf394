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

/// No descriptor beyond those open now, as long as it lives.
class NoMoreDescriptors {
 public:
  NoMoreDescriptors() {
    getrlimit(RLIMIT_NOFILE, &before_);
    const int next = dup(0);
    close(next);
    const rlimit now{static_cast<rlim_t>(next), before_.rlim_max};
    setrlimit(RLIMIT_NOFILE, &now);
  }
  ~NoMoreDescriptors() { setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

TEST(Listener, OutOfDescriptorsPausesAndGoesOn) {
  const std::string log = testing::TempDir() + "listener_test." + std::to_string(getpid());
  base::log::configure(base::log::Level::info, log);
  Server server([](Peer& peer) { peer.take = echo; });
  Client romeo(0);
  server.home.run([] { return 0; });
  std::ifstream lines(log);
  std::string text, line;
  {
    const NoMoreDescriptors full;
    romeo.connect(server.port());  // the backlog takes it
    romeo.send("hark");
    while (text.empty()) {  // the log says that it was noticed
      lines.clear();
      if (std::getline(lines, line)) text = line;
    }
    EXPECT_TRUE(server.accepted.empty());
  }
  EXPECT_NE(text.find("accept_paused"), std::string::npos) << text;
  EXPECT_EQ(romeo.receive(4), "hark");
  lines.clear();
  int more = 0;
  while (std::getline(lines, line)) ++more;
  EXPECT_LE(more, 3);  // it did not spin
  base::log::configure(base::log::Level::info, "");
  std::remove(log.c_str());
}

}  // namespace
