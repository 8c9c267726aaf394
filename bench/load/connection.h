// Many client connections on one thread: epoll, TLS by OpenSSL, one write per connection and turn.
#pragma once

#include <openssl/ssl.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bench/load/framer.h"

namespace load {

enum class Tls { none, starttls, direct };

class Connection;

/// The event loop of the generator.
class Loop {
 public:
  Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;
  ~Loop();

  /// Waits at most `timeout_ns` (0: looks only), lets connections read, then writes what was queued.
  void turn(std::uint64_t timeout_ns);
  /// Turns until `done()` or until `seconds` have passed; returns done().
  bool until(const std::function<bool()>& done, double seconds);

 private:
  friend class Connection;
  void flush();

  int epoll_;
  SSL_CTX* tls_;
  std::vector<Connection*> dirty_;
  std::vector<std::unique_ptr<Connection>> ended_;  // freed at the end of a turn, since their own calls may still run
};

/// What becomes of a connection. All calls come from Loop::turn.
class Events {
 public:
  virtual ~Events() = default;
  /// TCP stands, and TLS with it if it is direct; again after STARTTLS.
  virtual void connected() = 0;
  virtual void frame(Frame kind, std::string_view bytes) = 0;
  /// The server closed, or the connection failed; `why` is empty for an orderly end. Nothing follows.
  virtual void closed(std::string_view why) = 0;
};

class Connection {
 public:
  /// Begins to connect. `address` is numeric. `events` outlives the connection.
  static std::unique_ptr<Connection> open(Loop& loop, const std::string& address, std::uint16_t port,
                                          const std::string& domain, bool direct_tls, Events& events);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();

  /// Queues bytes for the end of this turn.
  void send(std::string_view bytes);
  /// TLS over what is now plain; connected() tells when it stands.
  void start_tls();
  /// Stops reading until resume(): the client that does not listen.
  void pause_reading(bool paused);
  /// Gives up the connection (queued bytes are lost); safe inside its own events.
  static void close(std::unique_ptr<Connection> connection);

 private:
  friend class Loop;
  Connection(Loop& loop, int fd, std::string domain, Events& events);

  void ready(std::uint32_t what);
  void shake_hands();
  void read();
  void flush();
  void take(std::string_view bytes);
  void fail(std::string_view why);
  void watch();

  Loop& loop_;
  Events* events_;
  std::string domain_;
  std::string in_;   // the part of an element that has arrived
  std::string out_;  // what waits for the end of the turn, or for the socket
  SSL* tls_ = nullptr;
  Framer framer_;
  int fd_;
  bool connecting_ = true, shaking_ = false, dirty_ = false, blocked_ = false, paused_ = false, dead_ = false;
};

}  // namespace load
