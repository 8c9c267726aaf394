#include "net/http_server.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "net/http_connection.h"

namespace net {

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
    : house_(new HttpHouse{loop, std::move(routes), std::move(error_page), limits, {}}) {}

HttpServer::~HttpServer() = default;

void HttpServer::accept(std::unique_ptr<Transport> transport) {
  if (house_->stopping) return;
  auto& all = house_->connections;
  if (all.size() >= house_->limits.connections && !make_room()) {
    base::log::warning("http_full", {{"peer", transport->peer()}, {"connections", all.size()}});
    return;
  }
  const std::uint64_t id = ++house_->last;
  const auto connection = std::make_shared<HttpConnection>(*house_, id, std::move(transport));
  all.emplace(id, connection);
  connection->start();
}

/// The oldest that has not begun to ask goes first, then the oldest that has not asked: who sends a byte and waits
/// keeps nobody out.
bool HttpServer::make_room() {
  auto& all = house_->connections;
  auto oldest = std::ranges::find_if(all, [](const auto& each) { return each.second->waits(); });
  if (oldest == all.end()) oldest = std::ranges::find_if(all, [](const auto& each) { return each.second->reads(); });
  if (oldest == all.end()) return false;
  all.erase(oldest);
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
