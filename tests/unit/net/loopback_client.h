// The client's end of a test over loopback: blocking, plain TCP or OpenSSL; and certificates for the server's.
#pragma once

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <functional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "certs/store.h"

namespace loopback {

/// Blocking, with a deadline on every call of the kernel.
class Client {
 public:
  explicit Client(std::uint16_t port, int family = AF_INET, int receive_buffer = 0)
      : fd_(socket(family, SOCK_STREAM, 0)) {
    const timeval wait{20, 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
    const int at_once = 1;  // or a reset would overtake what was sent before it
    setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &at_once, sizeof at_once);
    if (receive_buffer > 0) setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    if (port != 0) connect(port, family);
  }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  ~Client() {
    ssl_.reset();
    if (fd_ >= 0) ::close(fd_);
  }

  void connect(std::uint16_t port, int family = AF_INET) {
    sockaddr_storage to{};
    socklen_t size = sizeof(sockaddr_in);
    if (family == AF_INET) {
      auto& in = reinterpret_cast<sockaddr_in&>(to);
      in = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    } else {
      auto& in = reinterpret_cast<sockaddr_in6&>(to);
      in.sin6_family = AF_INET6;
      in.sin6_port = htons(port);
      in.sin6_addr = in6addr_loopback;
      size = sizeof(sockaddr_in6);
    }
    EXPECT_EQ(::connect(fd_, reinterpret_cast<sockaddr*>(&to), size), 0) << std::strerror(errno);
  }

  /// A handshake; false when either side refused it.
  bool tls(const std::function<void(SSL&)>& prepare = {}) {
    ctx_.reset(SSL_CTX_new(TLS_client_method()));
    ssl_.reset(SSL_new(ctx_.get()));
    SSL_set_fd(ssl_.get(), fd_);
    if (prepare) prepare(*ssl_);
    return SSL_connect(ssl_.get()) == 1;
  }
  SSL& ssl() { return *ssl_; }

  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto sent = ssl_ != nullptr ? SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()))
                                        : ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) throw std::runtime_error("the client could not send");
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }
  /// What came by then; empty at the end of the stream.
  std::string receive_some() {
    std::string bytes(64 * 1024, '\0');
    const auto got = ssl_ != nullptr ? SSL_read(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()))
                                     : ::recv(fd_, bytes.data(), bytes.size(), 0);
    bytes.resize(static_cast<std::size_t>(std::max<long>(got, 0)));
    return bytes;
  }
  std::string receive(std::size_t count) {
    std::string all;
    while (all.size() < count) {
      const std::string some = receive_some();
      if (some.empty()) break;
      all += some;
    }
    return all;
  }
  void end_output() { shutdown(fd_, SHUT_WR); }
  /// The connection breaks as by a crashed host.
  void reset() {
    const linger none{1, 0};
    setsockopt(fd_, SOL_SOCKET, SO_LINGER, &none, sizeof none);
    ::close(std::exchange(fd_, -1));
  }
  int fd() const { return fd_; }

 private:
  int fd_;
  certs::CtxPtr ctx_;
  certs::SslPtr ssl_;
};

/// A store with self-signed certificates for these hosts.
inline base::Ref<certs::Store> certificates(std::vector<std::string> names = {"example.org"}) {
  char dir[] = "/tmp/net_test.XXXXXX";
  if (mkdtemp(dir) == nullptr) throw std::runtime_error("no folder");
  const auto now = std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
  std::vector<certs::Host> hosts;
  for (const std::string& name : names) {
    const certs::Files files{std::string(dir) + "/" + name + ".crt", std::string(dir) + "/" + name + ".key"};
    EXPECT_TRUE(certs::create_self_signed(name, files, now));
    hosts.push_back({name, files});
  }
  std::vector<certs::Problem> problems;
  auto store = certs::Store::load(std::move(hosts), {"xmpp-client"}, now, problems);
  std::filesystem::remove_all(dir);
  if (!store) throw std::runtime_error(store.error().what);
  return *store;
}

/// `size` bytes of which no two near ones are alike.
inline std::string pattern(std::size_t size) {
  std::string bytes(size, '\0');
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * 7 + i / 251);
  return bytes;
}

}  // namespace loopback
