// Any bytes as a client's side of HTTP, whole and split: the same requests are heard and the same bytes answered, each
// path heard has one form only, and behind a refusal nothing is (SECURITY H01, H02).
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "net/http_server.h"
#include "sim/sim_transport.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

struct Heard {
  std::vector<std::string> requests;
  std::string answers;
  bool ended = false;
  friend bool operator==(const Heard&, const Heard&) = default;
};

void check(const net::HttpRequest& request) {
  const std::string& path = request.path;
  require(path.starts_with('/') && path.find("//") == std::string::npos && path.find('\\') == std::string::npos);
  require((path + '/').find("/../") == std::string::npos && (path + '/').find("/./") == std::string::npos);
  require(path.find('\0') == std::string::npos);
  require(request.body.size() <= 64);
  require(request.count("Content-Length") + request.count("Transfer-Encoding") <= 1);
  for (const net::HttpField& field : request.fields)
    require(field.name.find_first_of("\r\n: ") == std::string::npos &&
            field.value.find_first_of("\r\n") == std::string::npos);
}

Heard hear(std::string_view bytes, std::size_t chunk) {
  sim::World world(7);
  Heard heard;
  std::vector<net::HttpResponder> late;
  const auto note = [&](const net::HttpRequest& request) {
    check(request);
    heard.requests.push_back(request.method + ' ' + request.path + '?' + request.query + ' ' + request.body);
  };
  const auto at_once = [&](net::HttpResponder responder) {
    note(responder.request());
    responder.send({200, {}, "at once"});
  };
  const auto later = [&](net::HttpResponder responder) {
    note(responder.request());
    late.push_back(std::move(responder));
    world.loop().post([&late] { late.back().send({200, {}, "later"}); });
  };
  const auto never = [&](const net::HttpResponder& responder) { note(responder.request()); };
  net::HttpServer server(
      world.loop(),
      {{"GET", "/", at_once}, {"POST", "/a", later, 64}, {"POST", "/n", never, 64}, {"GET", "/f/*", later}},
      net::plain_error_page, {.requests = 20, .head_bytes = 1024});
  auto [transport, peer] = sim::make_link(world.loop(), {.chunk = chunk});
  server.accept(std::move(transport));
  peer.send(bytes);
  world.settle();
  heard.ended = peer.ended();
  world.advance(std::chrono::minutes(3));
  heard.answers = peer.take();
  require(peer.ended());
  return heard;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  const Heard whole = hear(bytes, sim::kNever);
  require(hear(bytes, 1 + data[0] % 16U) == whole);
  std::size_t answers = 0;
  for (std::size_t at = whole.answers.find("HTTP/1.1 "); at != std::string::npos;
       at = whole.answers.find("HTTP/1.1 ", at + 1))
    ++answers;
  require(whole.requests.size() <= answers);
  return 0;
}
