// A small HTTP/1.1 server over transports that somebody else accepted: plain, TLS or simulated. Requests of one
// connection are answered one after the other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/loop.h"
#include "net/http_message.h"
#include "net/transport.h"

namespace net {

class HttpConnection;
struct HttpHouse;

/// Takes the body of one request in pieces, so that nobody has to hold it. Destroyed early when the request is over
/// before its body is: the client is gone, too slow, or has its answer.
class HttpSink {
 public:
  virtual ~HttpSink() = default;
  /// Some bytes, at least one. False: no more until HttpResponder::go_on().
  virtual bool take(std::string_view piece) = 0;
  /// The whole body came; the answer is due.
  virtual void end() = 0;
};

/// Gives the body of one answer in pieces. Destroyed early when the client is gone, does not read, or takes too long.
class HttpSource {
 public:
  using Given = base::Fn<void(std::string piece)>;
  virtual ~HttpSource() = default;
  /// Calls `given` once, now or later on the server's loop, with up to `most` bytes; with none if it can't go on, which
  /// ends the connection. The next call comes after the client's system has taken them.
  virtual void next(std::size_t most, Given given) = 0;
};

struct HttpLimits {
  std::size_t connections = 1000;                    ///< of one server; the oldest with nothing under way makes room
  std::size_t connections_per_address = 100;         ///< of one PeerAddress::key; loopback, where proxies are, has any
  std::size_t requests = 1000;                       ///< on one connection
  std::size_t head_bytes = 16 * 1024;                ///< request line and header
  std::size_t unsent_bytes = 256 * 1024;             ///< beyond, no further request is read
  base::Duration head = std::chrono::seconds(10);    ///< from its first byte; and for the first request to begin
  base::Duration body = std::chrono::seconds(30);    ///< for all of it; where it comes in pieces, for the next one
  base::Duration long_body = std::chrono::hours(1);  ///< for all of one that comes or goes in pieces, and
  std::uint64_t pace = 16 * 1024;                    ///< beyond, for who has had so many bytes a second on average
  base::Duration answer = std::chrono::seconds(10);  ///< for the handler
  base::Duration idle = std::chrono::seconds(60);    ///< between two requests, and for a client to read
};

/// Answers one request exactly once, now or later, on the server's loop. Dropping it unused answers 500. Once the
/// connection or the server is gone, answers go nowhere.
class HttpResponder {
 public:
  HttpResponder(std::weak_ptr<HttpConnection> connection, std::uint64_t number, HttpRequest request);
  HttpResponder(HttpResponder&&) noexcept = default;
  HttpResponder& operator=(HttpResponder&&) = delete;
  ~HttpResponder();

  const HttpRequest& request() const { return request_; }
  void send(const HttpResponse& response);
  /// The same with `bytes` of body from `source`, in place of the response's own. To HEAD the source gives nothing.
  void send(const HttpResponse& response, std::uint64_t bytes, std::unique_ptr<HttpSource> source);
  /// The sink takes more. Not within take().
  void go_on() const;

 private:
  std::weak_ptr<HttpConnection> connection_;  ///< empty once answered
  std::uint64_t number_;
  HttpRequest request_;
};

struct HttpRoute {
  std::string method;  ///< a route for GET answers HEAD too
  std::string path;    ///< with `/*` at its end: and any one segment there; with `/**`, all below
  std::function<void(HttpResponder)> handler;
  std::uint64_t body_bytes = 0;  ///< more is refused with 413
  /// In place of the handler, where the body is not to be held: called before it comes, once what the header says of
  /// its size was seen to be allowed. Null, and an answer, refuses it.
  std::function<std::unique_ptr<HttpSink>(HttpResponder)> taker = nullptr;
};

/// What the server itself answers: bad requests, unknown paths, deadlines. `why` is our own text.
using HttpErrorPage = std::function<HttpResponse(int status, std::string_view why)>;
HttpResponse plain_error_page(int status, std::string_view why);

/// The loop's thread only.
class HttpServer {
 public:
  HttpServer(base::Loop& loop, std::vector<HttpRoute> routes, HttpErrorPage error_page = plain_error_page,
             HttpLimits limits = {});
  /// Drops its connections.
  ~HttpServer();

  /// Not started yet; with TLS, start_tls() was called. Dropped if there are too many, of its address or in all; the
  /// log tells that once a minute.
  void accept(std::unique_ptr<Transport> transport);
  /// Takes no more connections and requests; `done` once all that was asked has its answer.
  void stop(base::Fn<void()> done);
  std::size_t connections() const;

 private:
  bool make_room();
  bool is_time(base::MonoTime& next_line) const;

  std::unique_ptr<HttpHouse> house_;
  base::MonoTime tell_full_ = base::MonoTime::min(), tell_address_full_ = base::MonoTime::min();
};

}  // namespace net
