// Internal to http_*.cpp: one client's connection to an HttpServer.
#pragma once

#include <map>
#include <span>
#include <unordered_map>

#include "base/function.h"
#include "net/http_parser.h"
#include "net/http_server.h"

namespace net {

/// What the connections of a server share, and they themselves.
struct HttpHouse {
  base::Loop& loop;
  std::vector<HttpRoute> routes;
  HttpErrorPage error_page;
  HttpLimits limits;
  std::map<std::uint64_t, std::shared_ptr<HttpConnection>> connections = {};  ///< shared while a late answer is written
  std::unordered_map<std::string, std::size_t> by_address = {};               ///< how many of them; not of loopback
  std::uint64_t last = 0;
  base::Fn<void()> stopped = nullptr;  ///< to be called once the last one is gone
  bool stopping = false;

  /// How many there are of this address; none of an empty one.
  std::size_t count(const std::string& address) const;
  /// Starts it.
  void add(const std::shared_ptr<HttpConnection>& connection);
  /// May be the end of the one that calls.
  void drop(std::uint64_t id);
};

/// Lives until its transport has ended.
class HttpConnection final : public TransportHandler, public std::enable_shared_from_this<HttpConnection> {
 public:
  /// `address` is what it counts for; empty where nobody counts.
  HttpConnection(HttpHouse& house, std::uint64_t id, std::unique_ptr<Transport> transport, std::string address);
  void start();
  std::uint64_t id() const { return id_; }
  const std::string& address() const { return address_; }

  std::size_t on_bytes(std::span<const std::byte> bytes) override;
  void on_tls() override;
  void on_drained() override;
  void on_closed(const base::Error& why) override;

  /// Nothing of a request has come.
  bool waits() const { return state_ == State::waiting; }
  /// Nothing has been asked whose answer has not left, and no body is under way that nobody holds; one that is held
  /// is short, and has seconds.
  bool may_go() const {
    const bool answering = number_ > 0 && transport_->queued_bytes() > 0;
    return reads() && sink_ == nullptr && !answering;
  }
  /// To the request of this number, unless its time is over.
  void answer(std::uint64_t number, const HttpResponse& response);
  void answer(std::uint64_t number, const HttpResponse& response, std::uint64_t bytes,
              std::unique_ptr<HttpSource> source);
  /// The sink of this request takes more.
  void go_on(std::uint64_t number);
  /// Ends once what was asked has its answer.
  void finish();
  /// Its responder was dropped.
  void give_up(std::uint64_t number);

 private:
  enum class State : std::uint8_t {
    waiting,
    head,
    body,
    held,  ///< like body, but the sink takes no more for now
    answering,
    sending,  ///< a body that comes in pieces
    unread,
    closing,
  };

  /// Nothing has been asked that is not answered.
  bool reads() const { return waits() || state_ == State::head || state_ == State::body; }
  void enter(State state);
  void on_deadline();
  void begin_body();
  void on_body_deadline();
  void read(std::string_view& input);
  void on_head();
  void on_whole();
  void take_piece(std::string_view piece);
  void open_sink();
  void give_next();
  void given(std::uint64_t number, std::string piece);
  void let_go();
  void answered();
  void answer_at_once(const HttpResponse& response);
  void refuse(int status, std::string_view why);
  void close();

  HttpHouse& house_;
  const std::uint64_t id_;
  const std::string address_;
  std::unique_ptr<Transport> transport_;
  std::unique_ptr<HttpParser> parser_;  ///< null between two requests
  const HttpRoute* route_ = nullptr;
  base::Timer deadline_, body_deadline_;
  std::unique_ptr<HttpSink> sink_;      ///< of the body that comes
  std::unique_ptr<HttpSource> source_;  ///< of the one that goes
  std::uint64_t left_ = 0;              ///< bytes that it still has to give
  std::uint64_t moved_ = 0;             ///< bytes of either that came or went
  base::MonoTime body_since_{};         ///< when it began
  bool fetching_ = false;               ///< it has been asked for the next piece
  State state_ = State::waiting;
  std::string certificate_;
  std::uint64_t number_ = 0;  ///< of the request under way
  bool keep_alive_ = true, head_only_ = false, inside_ = false;
};

}  // namespace net
