#include "bench/load/connection.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>

#include "bench/load/meter.h"

namespace load {
namespace {

std::array<char, 256 * 1024> shared_buffer;  // one thread, one read at a time

sockaddr_storage parse(const std::string& address, std::uint16_t port, socklen_t& size) {
  sockaddr_storage storage{};
  auto* v4 = reinterpret_cast<sockaddr_in*>(&storage);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&storage);
  if (::inet_pton(AF_INET, address.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    size = sizeof(sockaddr_in);
  } else if (::inet_pton(AF_INET6, address.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    size = sizeof(sockaddr_in6);
  } else {
    throw std::runtime_error("not a numeric address: " + address);
  }
  return storage;
}

}  // namespace

Loop::Loop() : epoll_(::epoll_create1(EPOLL_CLOEXEC)), tls_(SSL_CTX_new(TLS_client_method())) {
  SSL_CTX_set_min_proto_version(tls_, TLS1_2_VERSION);
  SSL_CTX_set_mode(tls_,
                   SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_verify(tls_, SSL_VERIFY_NONE, nullptr);  // certificates are not what is measured
}

Loop::~Loop() {
  SSL_CTX_free(tls_);
  ::close(epoll_);
}

void Loop::turn(std::uint64_t timeout_ns) {
  flush();  // what was sent between two turns does not sit out the wait
  std::array<epoll_event, 512> events;
  const timespec wait{static_cast<time_t>(timeout_ns / 1'000'000'000), static_cast<long>(timeout_ns % 1'000'000'000)};
  const int count = ::epoll_pwait2(epoll_, events.data(), static_cast<int>(events.size()), &wait, nullptr);
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    static_cast<Connection*>(event.data.ptr)->ready(event.events);
  }
  flush();
  ended_.clear();
}

void Loop::flush() {
  for (std::size_t i = 0; i < dirty_.size(); ++i) dirty_[i]->flush();
  dirty_.clear();
}

bool Loop::until(const std::function<bool()>& done, double seconds) {
  const std::uint64_t end = now_ns() + static_cast<std::uint64_t>(seconds * 1e9);
  while (!done()) {
    if (now_ns() >= end) return false;
    turn(5'000'000);
  }
  return true;
}

std::unique_ptr<Connection> Connection::open(Loop& loop, const std::string& address, std::uint16_t port,
                                             const std::string& domain, bool direct_tls, Events& events) {
  socklen_t size = 0;
  const sockaddr_storage to = parse(address, port, size);
  const int fd = ::socket(to.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) throw std::runtime_error(std::string("socket: ") + std::strerror(errno));
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  std::unique_ptr<Connection> connection(new Connection(loop, fd, domain, events));
  connection->shaking_ = direct_tls;
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&to), size) != 0 && errno != EINPROGRESS) {
    throw std::runtime_error(std::string("connect: ") + std::strerror(errno));
  }
  epoll_event event{.events = EPOLLIN | EPOLLOUT, .data = {.ptr = connection.get()}};
  ::epoll_ctl(loop.epoll_, EPOLL_CTL_ADD, fd, &event);
  return connection;
}

Connection::Connection(Loop& loop, int fd, std::string domain, Events& events)
    : loop_(loop), events_(&events), domain_(std::move(domain)), fd_(fd) {}

Connection::~Connection() {
  if (dirty_) std::erase(loop_.dirty_, this);
  SSL_free(tls_);
  // A reset leaves no TIME_WAIT behind: a hundred thousand connections from one address would use up its ports.
  const linger reset{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  ::close(fd_);
}

void Connection::close(std::unique_ptr<Connection> connection) {
  Loop& loop = connection->loop_;
  connection->dead_ = true;
  ::epoll_ctl(loop.epoll_, EPOLL_CTL_DEL, connection->fd_, nullptr);
  loop.ended_.push_back(std::move(connection));
}

void Connection::send(std::string_view bytes) {
  out_ += bytes;
  if (!dirty_ && !blocked_ && !connecting_ && !shaking_) {
    dirty_ = true;
    loop_.dirty_.push_back(this);
  }
}

void Connection::start_tls() {
  shaking_ = true;
  shake_hands();
}

void Connection::pause_reading(bool paused) {
  paused_ = paused;
  watch();
}

void Connection::watch() {
  epoll_event event{.events = (paused_ ? 0U : EPOLLIN) | (blocked_ ? EPOLLOUT : 0U), .data = {.ptr = this}};
  ::epoll_ctl(loop_.epoll_, EPOLL_CTL_MOD, fd_, &event);
}

void Connection::ready(std::uint32_t what) {
  if (dead_) return;
  if (connecting_) {
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) return fail(std::strerror(error));
    if ((what & EPOLLOUT) == 0) return;
    connecting_ = false;
    watch();
    if (!shaking_) return events_->connected();
  }
  if (shaking_) return shake_hands();
  if ((what & EPOLLOUT) != 0) {
    blocked_ = false;
    flush();
    if (!blocked_) watch();
  }
  if (!dead_ && (what & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) read();
}

void Connection::shake_hands() {
  if (tls_ == nullptr) {
    tls_ = SSL_new(loop_.tls_);
    SSL_set_fd(tls_, fd_);
    SSL_set_tlsext_host_name(tls_, domain_.c_str());
    SSL_set_connect_state(tls_);
    static constexpr unsigned char kAlpn[] = "\x0bxmpp-client";
    SSL_set_alpn_protos(tls_, kAlpn, sizeof kAlpn - 1);
  }
  ERR_clear_error();
  const int result = SSL_do_handshake(tls_);
  if (result == 1) {
    shaking_ = false;
    return events_->connected();
  }
  const int error = SSL_get_error(tls_, result);
  if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) fail("TLS handshake failed");
}

void Connection::read() {
  while (!dead_) {
    std::size_t got = 0;
    if (tls_ != nullptr) {
      ERR_clear_error();
      const int result = SSL_read_ex(tls_, shared_buffer.data(), shared_buffer.size(), &got);
      if (result != 1) {
        const int error = SSL_get_error(tls_, result);
        if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) return;
        return fail(error == SSL_ERROR_ZERO_RETURN ? "" : "TLS connection lost");
      }
      take({shared_buffer.data(), got});
      continue;
    }
    const ssize_t size = ::recv(fd_, shared_buffer.data(), shared_buffer.size(), 0);
    if (size < 0) {
      if (errno != EAGAIN && errno != EINTR) fail(std::strerror(errno));
      return;
    }
    if (size == 0) return fail("");
    take({shared_buffer.data(), static_cast<std::size_t>(size)});
    if (static_cast<std::size_t>(size) < shared_buffer.size()) return;
  }
}

void Connection::take(std::string_view bytes) {
  if (!in_.empty()) {
    in_ += bytes;
    bytes = in_;
  }
  const std::size_t done = framer_.scan(bytes, [this](Frame kind, std::string_view frame) {
    if (!dead_) events_->frame(kind, frame);
  });
  if (bytes.data() == in_.data()) {
    in_.erase(0, done);
  } else {
    in_.assign(bytes.substr(done));
  }
}

void Connection::flush() {
  dirty_ = false;
  if (dead_ || shaking_ || out_.empty()) return;
  std::size_t sent = 0;
  while (sent < out_.size()) {
    std::size_t now = 0;
    bool wait = false;
    if (tls_ != nullptr) {
      ERR_clear_error();
      const int result = SSL_write_ex(tls_, out_.data() + sent, out_.size() - sent, &now);
      if (result != 1) {
        const int error = SSL_get_error(tls_, result);
        if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) return fail("TLS write failed");
        wait = true;
      }
    } else {
      const ssize_t size = ::send(fd_, out_.data() + sent, out_.size() - sent, MSG_NOSIGNAL);
      if (size < 0 && errno != EAGAIN) return fail(std::strerror(errno));
      wait = size < 0;
      if (!wait) now = static_cast<std::size_t>(size);
    }
    sent += now;
    if (wait) {
      blocked_ = true;
      watch();
      break;
    }
  }
  out_.erase(0, sent);
}

void Connection::fail(std::string_view why) {
  if (dead_) return;
  dead_ = true;
  ::epoll_ctl(loop_.epoll_, EPOLL_CTL_DEL, fd_, nullptr);
  events_->closed(why);
}

}  // namespace load
