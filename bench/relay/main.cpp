// The least that passes a stream on: two connections, a pipe for each way, splice(2). What the proxy is measured by.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>

namespace {

constexpr std::size_t kPipe = 256 * 1024;

int checked(int result, const char* what) {
  if (result >= 0) return result;
  std::perror(what);
  std::exit(1);
}

/// One way. The source is readable and the target writable until the kernel says otherwise.
struct Way {
  Way(int source, int target) : from(source), to(target) {
    checked(pipe2(ends.data(), O_NONBLOCK | O_CLOEXEC), "pipe2");
    checked(fcntl(ends[1], F_SETPIPE_SZ, static_cast<int>(kPipe)), "F_SETPIPE_SZ");
  }
  ~Way() {
    for (const int end : ends) close(end);
  }
  Way(const Way&) = delete;
  Way& operator=(const Way&) = delete;

  /// False once nothing more will come.
  bool step() {
    for (;;) {
      ssize_t got = 0;
      if (held < kPipe && !ended) {
        got = splice(from, nullptr, ends[1], nullptr, kPipe - held, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
        if (got > 0) held += static_cast<std::size_t>(got);
        if (got == 0 || (got < 0 && errno != EAGAIN)) ended = true;
      }
      ssize_t put = 0;
      if (held > 0) {
        put = splice(ends[0], nullptr, to, nullptr, held, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
        if (put > 0) held -= static_cast<std::size_t>(put);
        if (put < 0 && errno != EAGAIN) return false;
      }
      if (got > 0 || put > 0) continue;
      if (!ended || held > 0) return true;
      shutdown(to, SHUT_WR);
      return false;
    }
  }

  int from, to;
  std::array<int, 2> ends{};
  std::size_t held = 0;
  bool ended = false;
};

void relay(int first, int second) {
  Way forth(first, second), back(second, first);
  bool goes_forth = true, goes_back = true;
  while (goes_forth || goes_back) {
    std::array<pollfd, 2> waits{{{first, 0, 0}, {second, 0, 0}}};
    const auto wait_for = [](const Way& way, bool goes, pollfd& source, pollfd& target) {
      if (goes && !way.ended && way.held < kPipe) source.events |= POLLIN;
      if (goes && way.held > 0) target.events |= POLLOUT;
    };
    wait_for(forth, goes_forth, waits[0], waits[1]);
    wait_for(back, goes_back, waits[1], waits[0]);
    if (poll(waits.data(), waits.size(), -1) < 0 && errno != EINTR) return;
    if (goes_forth) goes_forth = forth.step();
    if (goes_back) goes_back = back.step();
  }
}

}  // namespace

/// One stream after the other: of each the first two connections.
int main() {
  const int listener = checked(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof at;
  checked(bind(listener, reinterpret_cast<const sockaddr*>(&at), size), "bind");
  checked(listen(listener, 16), "listen");
  checked(getsockname(listener, reinterpret_cast<sockaddr*>(&at), &size), "getsockname");
  std::printf("port %d\n", ntohs(at.sin_port));
  std::fflush(stdout);
  for (;;) {
    const int first = checked(accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC), "accept4");
    const int second = checked(accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC), "accept4");
    relay(first, second);
    close(first);
    close(second);
  }
}
