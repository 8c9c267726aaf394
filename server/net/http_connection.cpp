#include "net/http_connection.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "net/tls.h"

namespace net {
namespace {

bool covers(const HttpRoute& route, std::string_view path) {
  if (route.path.ends_with("/**"))
    return path.size() >= route.path.size() - 1 && path.starts_with(route.path.substr(0, route.path.size() - 2));
  if (!route.path.ends_with("/*")) return route.path == path;
  const std::string_view folder = std::string_view(route.path).substr(0, route.path.size() - 1);
  return path.starts_with(folder) && path.size() > folder.size() && path.find('/', folder.size()) == path.npos;
}

bool takes(const HttpRoute& route, std::string_view method) {
  return route.method == method || (route.method == "GET" && method == "HEAD");
}

struct Match {
  const HttpRoute* route = nullptr;
  std::string allowed;  ///< methods, where the path is right and the method is not
};

Match find_route(const std::vector<HttpRoute>& routes, const HttpRequest& request) {
  Match match;
  for (const HttpRoute& route : routes) {
    if (!covers(route, request.path)) continue;
    if (takes(route, request.method)) return {&route, {}};
    match.allowed += (match.allowed.empty() ? "" : ", ") + route.method + (route.method == "GET" ? ", HEAD" : "");
  }
  return match;
}

}  // namespace

std::size_t HttpHouse::count(const std::string& address) const {
  const auto known = by_address.find(address);
  return known == by_address.end() ? 0 : known->second;
}

void HttpHouse::add(const std::shared_ptr<HttpConnection>& connection) {
  if (!connection->address().empty()) ++by_address[connection->address()];
  connections.emplace(connection->id(), connection);
  connection->start();
}

void HttpHouse::drop(std::uint64_t id) {
  const auto found = connections.find(id);
  if (found == connections.end()) return;
  const auto known = by_address.find(found->second->address());
  if (known != by_address.end() && --known->second == 0) by_address.erase(known);
  connections.erase(found);
}

HttpConnection::HttpConnection(HttpHouse& house, std::uint64_t id, std::unique_ptr<Transport> transport,
                               std::string address)
    : house_(house), id_(id), address_(std::move(address)), transport_(std::move(transport)) {}

void HttpConnection::start() {
  transport_->start(*this);
  if (transport_->tls() == nullptr) enter(State::waiting);  // a handshake has a deadline of its own
}

void HttpConnection::on_tls() {
  if (transport_->tls() != nullptr) certificate_ = transport_->tls()->client_fingerprint();
  enter(State::waiting);
}

void HttpConnection::on_drained() {
  if (state_ == State::sending && !fetching_) return give_next();
  if (state_ != State::unread) return;
  enter(State::waiting);
  transport_->resume();
}

void HttpConnection::on_closed(const base::Error&) {
  HttpHouse& house = house_;
  house.drop(id_);  // the end of this object
  if (house.connections.empty() && house.stopped) house.loop.post(std::exchange(house.stopped, nullptr));
}

void HttpConnection::enter(State state) {
  state_ = state;
  const HttpLimits& limits = house_.limits;
  base::Duration time = limits.head;
  switch (state) {
    case State::waiting:
      if (number_ > 0) time = limits.idle;
      break;
    case State::head: break;
    case State::body: time = limits.body; break;
    case State::held:
    case State::answering: time = limits.answer; break;
    case State::sending:
    case State::unread: time = limits.idle; break;
    case State::closing: return deadline_.cancel();  // the transport has one
  }
  deadline_ = base::Timer(house_.loop, time, [this] { on_deadline(); });
}

void HttpConnection::on_deadline() {
  switch (state_) {
    case State::waiting: return close();
    case State::head:
    case State::body: return refuse(408, "the request took too long");
    case State::held:
    case State::answering:
      keep_alive_ = false;
      return answer(number_, house_.error_page(503, "the answer took too long"));
    case State::sending:
    case State::unread: return transport_->abort("the client does not read");
    case State::closing: return;
  }
}

/// Of a body in pieces each has its time, and all have one together: drop by drop it would keep its place for days, and
/// show a file long after it was retracted.
void HttpConnection::begin_body() {
  moved_ = 0;
  body_since_ = house_.loop.now();
  body_deadline_ = base::Timer(house_.loop, house_.limits.long_body, [this] { on_body_deadline(); });
}

/// Who keeps the pace is only large, and goes on for as long as its bytes so far would have taken at that pace.
void HttpConnection::on_body_deadline() {
  const base::MonoTime earned = body_since_ + std::chrono::seconds(moved_ / house_.limits.pace);
  const base::Duration more = earned - house_.loop.now();
  if (more > base::Duration::zero()) {
    body_deadline_ = base::Timer(house_.loop, more, [this] { on_body_deadline(); });
  } else if (state_ == State::sending) {
    transport_->abort("the answer took too long");
  } else {
    refuse(408, "the request took too long");
  }
}

std::size_t HttpConnection::on_bytes(std::span<const std::byte> bytes) {
  std::string_view input(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  inside_ = true;
  read(input);
  inside_ = false;
  if (state_ == State::closing) return bytes.size();
  if (!reads()) transport_->pause();
  return bytes.size() - input.size();
}

void HttpConnection::read(std::string_view& input) {
  while (reads()) {
    if (parser_ == nullptr) {
      if (input.empty()) return;
      parser_ = std::make_unique<HttpParser>(house_.limits.head_bytes);
      enter(State::head);
    }
    switch (parser_->next(input)) {
      case HttpParser::Event::need_more: return;
      case HttpParser::Event::head: on_head(); break;
      case HttpParser::Event::body: take_piece(parser_->piece()); break;
      case HttpParser::Event::done: on_whole(); break;
      case HttpParser::Event::failed: refuse(parser_->fault().status, parser_->fault().why); break;
    }
  }
}

/// Who would be refused whatever the body says is refused before it comes.
void HttpConnection::on_head() {
  const HttpRequest& request = parser_->request();
  ++number_;
  keep_alive_ = parser_->keep_alive() && number_ < house_.limits.requests;
  head_only_ = request.method == "HEAD";
  const Match match = find_route(house_.routes, request);
  route_ = match.route;
  if (route_ == nullptr && match.allowed.empty())
    return answer_at_once(house_.error_page(404, "there is nothing here"));
  if (route_ == nullptr) {
    HttpResponse refusal = house_.error_page(405, "that method is not for this path");
    refusal.fields.push_back({"Allow", match.allowed});
    return answer_at_once(refusal);
  }
  if (parser_->body_bytes().value_or(0) > route_->body_bytes)
    return answer_at_once(house_.error_page(413, "the body is too large"));
  parser_->limit_body(route_->body_bytes);
  if (request.count("Expect") > 0 && parser_->version() >= 11) {  // RFC 9110 10.1.1: others know no such thing
    const std::string* expected = request.field("Expect");
    if (expected == nullptr || !same_field_name(*expected, "100-continue"))
      return answer_at_once(house_.error_page(417, "the only expectation met is 100-continue"));
  }
  const bool asks = request.count("Expect") > 0 && parser_->version() >= 11 && parser_->has_body();
  enter(State::body);
  if (route_->taker) open_sink();
  if (asks && state_ == State::body) transport_->send("HTTP/1.1 100 Continue\r\n\r\n");
}

/// What the request asks for is known before its body comes, and may be refused then.
void HttpConnection::open_sink() {
  HttpRequest request = parser_->request();
  request.peer = transport_->peer();
  request.certificate = certificate_;
  begin_body();
  auto sink = route_->taker(HttpResponder(weak_from_this(), number_, std::move(request)));
  if (state_ == State::body) sink_ = std::move(sink);
}

void HttpConnection::take_piece(std::string_view piece) {
  if (!route_->taker) {
    parser_->request().body += piece;
    return;
  }
  const std::uint64_t number = number_;
  moved_ += piece.size();
  const bool more = sink_->take(piece);
  if (number != number_ || state_ != State::body) return;  // it has answered
  enter(more ? State::body : State::held);
}

void HttpConnection::go_on(std::uint64_t number) {
  if (state_ != State::held || number != number_) return;
  enter(State::body);
  std::string_view nothing;
  read(nothing);  // that was the last piece, perhaps
  if (reads()) transport_->resume();
}

void HttpConnection::on_whole() {
  enter(State::answering);
  if (sink_ != nullptr) {
    body_deadline_.cancel();
    parser_.reset();
    return sink_->end();
  }
  HttpRequest request = std::move(parser_->request());
  parser_.reset();
  request.peer = transport_->peer();
  request.certificate = certificate_;
  route_->handler(HttpResponder(weak_from_this(), number_, std::move(request)));
}

/// Without reading the body: the connection ends if there is one.
void HttpConnection::answer_at_once(const HttpResponse& response) {
  if (parser_->has_body()) keep_alive_ = false;
  parser_.reset();
  enter(State::answering);
  answer(number_, response);
}

void HttpConnection::answer(std::uint64_t number, const HttpResponse& response) {
  if (number != number_) return;
  if ((state_ == State::body || state_ == State::held) && route_ != nullptr && route_->taker)
    return answer_at_once(response);
  if (state_ != State::answering) return;
  base::log::debug("http_answered", {{"peer", transport_->peer()}, {"status", response.status}});
  transport_->send(serialised(response, house_.loop.wall(), {.last = !keep_alive_, .head_only = head_only_}));
  answered();
}

void HttpConnection::answer(std::uint64_t number, const HttpResponse& response, std::uint64_t bytes,
                            std::unique_ptr<HttpSource> source) {
  if (state_ != State::answering || number != number_) return;
  base::log::debug("http_answered", {{"peer", transport_->peer()}, {"status", response.status}, {"bytes", bytes}});
  transport_->send(
      serialised(response, house_.loop.wall(), {.last = !keep_alive_, .head_only = head_only_, .bytes = bytes}));
  if (head_only_ || bytes == 0) return answered();
  source_ = std::move(source);
  left_ = bytes;
  begin_body();
  give_next();
}

/// One piece at a time: the next is fetched when the client's system has this one.
void HttpConnection::give_next() {
  constexpr std::uint64_t kPiece = 128 * 1024;
  enter(State::sending);
  fetching_ = true;
  source_->next(std::min(left_, kPiece), [self = weak_from_this(), number = number_](std::string piece) {
    if (const auto connection = self.lock()) connection->given(number, std::move(piece));
  });
}

void HttpConnection::given(std::uint64_t number, std::string piece) {
  if (state_ != State::sending || number != number_) return;
  if (piece.empty() || piece.size() > left_) return transport_->abort("the answer ended early");
  fetching_ = false;
  left_ -= piece.size();
  moved_ += piece.size();
  enter(State::sending);
  transport_->send(piece);
  if (left_ == 0) answered();
}

/// Later: one of them may be what has called.
void HttpConnection::let_go() {
  if (sink_ == nullptr && source_ == nullptr) return;
  house_.loop.post([sink = std::move(sink_), source = std::move(source_)] {});
}

/// The request under way is over.
void HttpConnection::answered() {
  body_deadline_.cancel();
  let_go();
  if (!keep_alive_) return close();
  enter(transport_->queued_bytes() > house_.limits.unsent_bytes ? State::unread : State::waiting);
  if (!inside_ && reads()) transport_->resume();
}

void HttpConnection::finish() {
  if (state_ == State::answering || state_ == State::sending) {
    keep_alive_ = false;
  } else if (state_ != State::closing) {
    close();
  }
}

void HttpConnection::give_up(std::uint64_t number) {
  answer(number, house_.error_page(500, "the request could not be answered"));
}

/// What follows on this connection can't be told from what was refused.
void HttpConnection::refuse(int status, std::string_view why) {
  base::log::debug("http_refused", {{"peer", transport_->peer()}, {"status", status}, {"why", why}});
  transport_->send(serialised(house_.error_page(status, why), house_.loop.wall(), {.last = true}));
  close();
}

void HttpConnection::close() {
  parser_.reset();
  body_deadline_.cancel();
  let_go();
  enter(State::closing);
  transport_->close();
}

}  // namespace net
