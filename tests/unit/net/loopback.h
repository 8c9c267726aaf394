// A real server on loopback for tests: loops on their own threads, and handlers that are scripted by the test.
#pragma once

#include <gtest/gtest.h>

#include <condition_variable>
#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "net/listener.h"
#include "net/tls.h"
#include "unit/net/loopback_client.h"

namespace loopback {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
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
  ~LoopThread() { end(); }

  /// Nothing runs any more; the loop itself stays for those that still name it.
  void end() {
    loop.stop();
    if (thread_.joinable()) thread_.join();
  }

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
    home.run([this] { listener.reset(); });
    home.run([this] { peers.clear(); });
    home.end();  // what was still being handed over comes no more
  }
  std::uint16_t port() const { return listener->port(); }

  LoopThread home;
  std::unique_ptr<net::Listener> listener;
  std::vector<std::unique_ptr<Peer>> peers;
  Awaited<Peer*> accepted;
};

}  // namespace loopback
