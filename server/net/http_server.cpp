#include "net/http_server.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "net/http_connection.h"
#include "net/peer_address.h"

namespace net {
namespace {

constexpr std::chrono::minutes kTold{1};  // between two lines about the same

}  // namespace

HttpResponder::HttpResponder(std::weak_ptr<HttpConnection> connection, std::uint64_t number, HttpRequest request)
    : connection_(std::move(connection)), number_(number), request_(std::move(request)) {}

HttpResponder::~HttpResponder() {
  if (const auto connection = connection_.lock()) connection->give_up(number_);
}

void HttpResponder::send(const HttpResponse& response) {
  if (const auto connection = std::exchange(connection_, {}).lock()) connection->answer(number_, response);
}

void HttpResponder::send(const HttpResponse& response, std::uint64_t bytes, std::unique_ptr<HttpSource> source) {
  if (const auto connection = std::exchange(connection_, {}).lock())
    connection->answer(number_, response, bytes, std::move(source));
}

void HttpResponder::go_on() const {
  if (const auto connection = connection_.lock()) connection->go_on(number_);
}

HttpResponse plain_error_page(int status, std::string_view why) {
  return {status, {{"Content-Type", "text/plain; charset=utf-8"}}, std::string(why) + '\n'};
}

HttpServer::HttpServer(base::Loop& loop, std::vector<HttpRoute> routes, HttpErrorPage error_page, HttpLimits limits)
    : house_(new HttpHouse{loop, std::move(routes), std::move(error_page), limits}) {}

HttpServer::~HttpServer() = default;

void HttpServer::accept(std::unique_ptr<Transport> transport) {
  if (house_->stopping) return;
  const HttpLimits& limits = house_->limits;
  PeerAddress from = read_peer(transport->peer());
  if (from.loopback) from.key.clear();
  if (house_->count(from.key) >= limits.connections_per_address) {  // before it costs anybody else his place
    if (is_time(tell_address_full_)) base::log::warning("http_address_full", {{"peer", transport->peer()}});
    return;
  }
  if (house_->connections.size() >= limits.connections && !make_room()) {
    if (is_time(tell_full_))
      base::log::warning("http_full", {{"peer", transport->peer()}, {"connections", house_->connections.size()}});
    return;
  }
  house_->add(std::make_shared<HttpConnection>(*house_, ++house_->last, std::move(transport), std::move(from.key)));
}

/// Who is refused may come again at once; a line each time would fill the log.
bool HttpServer::is_time(base::MonoTime& next_line) const {
  const base::MonoTime now = house_->loop.now();
  if (now < next_line) return false;
  next_line = now + kTold;
  return true;
}

/// The oldest that has not begun to ask goes first, then the oldest that has not asked: who sends a byte and waits
/// keeps nobody out, and nobody's file is broken off. That ends by its own deadlines.
bool HttpServer::make_room() {
  auto& all = house_->connections;
  auto oldest =
      std::ranges::find_if(all, [](const auto& each) { return each.second->waits() && each.second->may_go(); });
  if (oldest == all.end()) oldest = std::ranges::find_if(all, [](const auto& each) { return each.second->may_go(); });
  if (oldest == all.end()) return false;
  house_->drop(oldest->first);
  return true;
}

void HttpServer::stop(base::Fn<void()> done) {
  house_->stopping = true;
  if (house_->connections.empty()) return house_->loop.post(std::move(done));
  house_->stopped = std::move(done);
  for (const auto& [id, connection] : house_->connections) connection->finish();
}

std::size_t HttpServer::connections() const { return house_->connections.size(); }

}  // namespace net
