// A real server on loopback for tests: loops on their own threads, handlers that are scripted by the test, and a
// blocking client that speaks plain TCP or OpenSSL.
#pragma once

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <filesystem>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "certs/store.h"
#include "net/listener.h"
#include "net/tls.h"

namespace loopback {

using namespace std::chrono_literals;
constexpr auto patience = 20s;

/// What one thread waits for and another says.
template <class T>
class Awaited {
 public:
  void put(T value) {
    const std::lock_guard lock(mutex_);
    values_.push_back(std::move(value));
    arrived_.notify_all();
  }
  T get() {
    std::unique_lock lock(mutex_);
    if (!arrived_.wait_for(lock, patience, [this] { return !values_.empty(); })) throw std::runtime_error("no event");
    T value = std::move(values_.front());
    values_.pop_front();
    return value;
  }
  bool empty() {
    const std::lock_guard lock(mutex_);
    return values_.empty();
  }

 private:
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<T> values_;
};

class LoopThread {
 public:
  LoopThread() : thread_([this] { loop.run(); }) {}
  ~LoopThread() { loop.stop(); }

  /// Runs `job` on the loop and waits for what it gives.
  template <class Job>
  auto run(Job job) {
    std::packaged_task<decltype(job())()> task(std::move(job));
    auto result = task.get_future();
    loop.post(std::move(task));
    return result.get();
  }

  net::AsioLoop loop;

 private:
  std::jthread thread_;
};

/// One connection's handler; its members are for the loop's thread except the awaited ones.
class Peer : public net::TransportHandler {
 public:
  using Take = std::function<std::size_t(Peer&, std::string_view)>;

  std::size_t on_bytes(std::span<const std::byte> bytes) override {
    const Inside inside(*this);
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    const std::size_t taken = take ? take(*this, text) : text.size();
    received += text.substr(0, taken);
    return taken;
  }
  void on_tls() override {
    const Inside inside(*this);
    opened.put(transport->tls()->version());
  }
  void on_drained() override {
    const Inside inside(*this);
    ++drains;
    if (drained) drained(*this);
  }
  void on_closed(const base::Error& why) override {
    const Inside inside(*this);
    closed.put(why.what);
  }

  std::unique_ptr<net::Transport> transport;
  Take take;
  std::function<void(Peer&)> drained;
  std::string received;
  int drains = 0;
  Awaited<std::string> opened, closed;

 private:
  struct Inside {  // no call comes within a call
    explicit Inside(Peer& p) : peer(p) { EXPECT_FALSE(std::exchange(peer.inside_, true)); }
    ~Inside() { peer.inside_ = false; }
    Peer& peer;
  };
  bool inside_ = false;
};

inline std::size_t echo(Peer& peer, std::string_view text) {
  peer.transport->send(text);
  return text.size();
}

class Server {
 public:
  using Setup = std::function<void(Peer&)>;

  /// `setup` runs on the loop for each connection, before start().
  explicit Server(Setup setup, net::TcpLimits limits = {}, const std::string& address = "127.0.0.1") {
    home.run([&] {
      auto opened = net::Listener::open(
          home.loop, address, 0, [this]() -> net::AsioLoop& { return home.loop; },
          [this, setup](net::AsioLoop&, std::unique_ptr<net::Transport> transport) {
            auto& peer = *peers.emplace_back(std::make_unique<Peer>());
            peer.transport = std::move(transport);
            if (setup) setup(peer);
            peer.transport->start(peer);
            accepted.put(&peer);
          },
          limits);
      if (!opened) throw std::runtime_error(opened.error().what);
      listener = std::move(*opened);
    });
  }
  ~Server() {
    home.run([this] {
      listener.reset();
      peers.clear();
    });
  }
  std::uint16_t port() const { return listener->port(); }

  LoopThread home;
  std::unique_ptr<net::Listener> listener;
  std::vector<std::unique_ptr<Peer>> peers;
  Awaited<Peer*> accepted;
};

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
