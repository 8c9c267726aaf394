// A server on virtual time: order, deadlines, limits, and what each answer has in it.
#include "net/http_server.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>

#include "base/log.h"
#include "sim/sim_transport.h"

namespace {

using net::HttpResponder;
using net::HttpResponse;
using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;

const std::string kHost = "Host: example.org\r\n\r\n";
const std::string kHello = "GET /hello HTTP/1.1\r\n" + kHost;

std::string post(const std::string& path, const std::string& body) {
  return "POST " + path + " HTTP/1.1\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + kHost + body;
}

/// The statuses of all answers in these bytes, of which each body has the length it says; -1 for a broken one.
std::vector<int> statuses(std::string_view bytes) {
  std::vector<int> all;
  while (!bytes.empty()) {
    const std::size_t end = bytes.find("\r\n\r\n");
    if (!bytes.starts_with("HTTP/1.1 ") || end == std::string_view::npos) {
      all.push_back(-1);
      break;
    }
    all.push_back(std::stoi(std::string(bytes.substr(9, 3))));
    const std::string_view head = bytes.substr(0, end + 4);
    bytes.remove_prefix(end + 4);
    const std::size_t at = head.find("Content-Length: ");
    if (at == std::string_view::npos) continue;
    const auto length = static_cast<std::size_t>(std::stoi(std::string(head.substr(at + 16, 10))));
    if (bytes.size() < length) all.back() = -1;
    bytes.remove_prefix(std::min(length, bytes.size()));
  }
  return all;
}

using Statuses = std::vector<int>;

/// The log while it lives.
class Log {
 public:
  Log() : file_(testing::TempDir() + "http_server_test." + std::to_string(getpid())) {
    base::log::configure(base::log::Level::info, file_);
  }
  ~Log() {
    base::log::configure(base::log::Level::info, "");
    std::remove(file_.c_str());
  }
  /// Lines that speak of this event, so far.
  std::size_t count(const std::string& event) const {
    std::ifstream lines(file_);
    std::size_t count = 0;
    for (std::string line; std::getline(lines, line);) count += line.contains(' ' + event + ' ') ? 1 : 0;
    return count;
  }

 private:
  std::string file_;
};

class HttpServer : public testing::Test {
 protected:
  sim::Peer connect_to(net::HttpServer& which, const sim::LinkOptions& options = {}) {
    auto [transport, peer] = sim::make_link(world.loop(), options);
    which.accept(std::move(transport));
    return std::move(peer);
  }
  sim::Peer connect(const sim::LinkOptions& options = {}) { return connect_to(server, options); }
  std::string ask(sim::Peer& peer, std::string_view bytes) {
    peer.send(bytes);
    world.settle();
    return peer.take();
  }
  std::string ask(std::string_view bytes) {
    sim::Peer peer = connect();
    return ask(peer, bytes);
  }

  std::vector<net::HttpRoute> routes() {
    return {
        {"GET", "/hello", [](HttpResponder r) { r.send({200, {{"Content-Type", "text/plain"}}, "hello"}); }},
        {"POST", "/echo", [](HttpResponder r) { r.send({200, {}, r.request().path + ' ' + r.request().body}); }, 100},
        {"GET", "/late", [this](HttpResponder r) { late.push_back(std::move(r)); }},
        {"POST", "/late", [this](HttpResponder r) { late.push_back(std::move(r)); }, 100},
        {"GET", "/lost", [](const HttpResponder&) {}},
        {"GET", "/big", [](HttpResponder r) { r.send({200, {}, std::string(100'000, 'x')}); }},
        {"GET", "/files/*", [](HttpResponder r) { r.send({200, {}, r.request().path}); }}};
  }

  sim::World world{7};
  std::vector<HttpResponder> late;
  net::HttpServer server{world.loop(), routes(), net::plain_error_page, {.connections = 3, .requests = 5}};
};

TEST_F(HttpServer, Answers) {
  sim::Peer romeo = connect();
  EXPECT_EQ(ask(romeo, kHello),
            "HTTP/1.1 200 OK\r\nDate: " + net::http_date(world.loop().wall()) +
                "\r\nContent-Type: text/plain\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
                "Content-Length: 5\r\n\r\nhello");
  EXPECT_TRUE(ask(romeo, post("/echo", "wherefore")).ends_with("\r\n\r\n/echo wherefore"));
  EXPECT_FALSE(romeo.ended());
}

TEST_F(HttpServer, DatesAreTheFormatOfRfc9110) {
  EXPECT_EQ(net::http_date(base::WallTime(784'111'777s)), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(net::http_date(base::WallTime(1'709'164'800s)), "Thu, 29 Feb 2024 00:00:00 GMT");
}

TEST_F(HttpServer, HeadIsGetWithoutABody) {
  const std::string answer = ask("HEAD /hello HTTP/1.1\r\n" + kHost);
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n"));
  EXPECT_NE(answer.find("Content-Length: 5\r\n"), std::string::npos);
  EXPECT_TRUE(answer.ends_with("\r\n\r\n"));
  EXPECT_TRUE(ask("HEAD /nothing HTTP/1.1\r\n" + kHost).ends_with("\r\n\r\n"));
}

TEST_F(HttpServer, UnknownPathsAndMethods) {
  const struct {
    std::string line;
    int status;
    std::string allow;
  } rows[] = {{"GET /nothing", 404, ""},         {"GET /hello/", 404, ""},
              {"POST /hello", 405, "GET, HEAD"}, {"DELETE /late", 405, "GET, HEAD, POST"},
              {"HEAD /echo", 405, "POST"},       {"OPTIONS /echo", 405, "POST"},
              {"GET /files/a.pem", 200, ""},     {"GET /files/", 404, ""},
              {"GET /files", 404, ""},           {"GET /files/a/b", 404, ""},
              {"get /hello", 405, "GET, HEAD"}};
  for (const auto& row : rows) {
    sim::Peer peer = connect();
    const std::string answer = ask(peer, row.line + " HTTP/1.1\r\n" + kHost);
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 " + std::to_string(row.status))) << row.line << answer;
    EXPECT_EQ(answer.find("Allow: " + row.allow + "\r\n") != std::string::npos, row.status == 405) << answer;
    EXPECT_FALSE(peer.ended()) << row.line;
  }
}

TEST_F(HttpServer, PipelinedRequestsAreAnsweredInOrder) {
  sim::Peer romeo = connect();
  romeo.send(post("/late", "a") + post("/echo", "b") + "GET /nothing HTTP/1.1\r\n" + kHost + post("/late", "c"));
  world.settle();
  EXPECT_EQ(romeo.take(), "");
  ASSERT_EQ(late.size(), 1U);
  late[0].send({200, {}, "late " + late[0].request().body});
  world.settle();
  const std::string answers = romeo.take();
  EXPECT_EQ(statuses(answers), (Statuses{200, 200, 404}));
  EXPECT_LT(answers.find("late a"), answers.find("/echo b"));
  ASSERT_EQ(late.size(), 2U);
  late[1].send({200, {}, "late " + late[1].request().body});
  world.settle();
  EXPECT_TRUE(romeo.take().ends_with("late c"));
}

TEST_F(HttpServer, AnySplitGivesTheSameAnswers) {
  const std::string requests = kHello + post("/echo", "a") +
                               "POST /echo HTTP/1.1\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n" + kHost +
                               "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n" + "GET /../hello HTTP/1.1\r\n" + kHost + kHello;
  const std::string whole = ask(requests);
  EXPECT_EQ(statuses(whole), (Statuses{200, 200, 100, 200, 400}));
  for (std::size_t chunk = 1; chunk < requests.size(); ++chunk) {
    sim::Peer peer = connect({.chunk = chunk});
    EXPECT_EQ(ask(peer, requests), whole) << chunk;
    EXPECT_TRUE(peer.ended());
  }
}

TEST_F(HttpServer, H01EveryRouteRefusesPathsOfTwoReadings) {
  for (const std::string route : {"/hello", "/echo", "/late", "/files/a"})
    for (const std::string before : {"/..", "/%2e", "/%2e%2e", "/%u002e", "/%2>", "/", "\\", "/.", "/x/..", "/%5c"})
      for (const std::string method : {"GET ", "POST ", "HEAD ", "BREW "}) {
        sim::Peer peer = connect();
        const std::string answer = ask(peer, method + before + route + " HTTP/1.1\r\n" + kHost);
        EXPECT_TRUE(answer.starts_with("HTTP/1.1 400 ")) << method << before << route << '\n' << answer;
        EXPECT_NE(answer.find("Connection: close\r\n"), std::string::npos);
        EXPECT_TRUE(peer.ended());
      }
}

TEST_F(HttpServer, H02BehindABadRequestNothingIsRead) {
  const std::string length = "Content-Length: 5\r\n", coding = "Transfer-Encoding: chunked\r\n";
  for (const std::string& bad :
       {"POST /echo HTTP/1.1\r\n" + length + coding + kHost + "0\r\n\r\n",
        "POST /echo HTTP/1.1\r\n" + length + length + kHost + "hello",
        "POST /echo HTTP/1.1\r\n" + coding + kHost + "z\r\n", "GET /hello HTTP/1.1\r\nA: b\r\n c\r\n" + kHost,
        "GET /hello HTTP/1.1\r\nA: " + std::string(1 << 20, 'a') + "\r\n" + kHost}) {
    sim::Peer peer = connect();
    const Statuses answers = statuses(ask(peer, bad + kHello + kHello));
    ASSERT_EQ(answers.size(), 1U) << bad.substr(0, 100);
    EXPECT_TRUE(answers[0] == 400 || answers[0] == 431) << answers[0];
    EXPECT_TRUE(peer.ended());
  }
}

TEST_F(HttpServer, BodiesHaveTheLimitOfTheirRoute) {
  EXPECT_EQ(statuses(ask(post("/echo", std::string(100, 'x')))), Statuses{200});
  const std::string large = post("/echo", std::string(101, 'x'));
  sim::Peer romeo = connect();
  EXPECT_EQ(statuses(ask(romeo, large + kHello)), Statuses{413});
  EXPECT_TRUE(romeo.ended());
  EXPECT_EQ(statuses(ask("POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" + kHost + "65\r\n")), Statuses{413});
  EXPECT_EQ(statuses(ask("GET /hello HTTP/1.1\r\nContent-Length: 1\r\n" + kHost)), Statuses{413});
  EXPECT_EQ(statuses(ask("GET /hello HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" + kHost + "1\r\n")), Statuses{413});
  sim::Peer juliet = connect();
  EXPECT_EQ(statuses(ask(juliet, "POST /nothing HTTP/1.1\r\nContent-Length: 999999999999\r\n" + kHost)), Statuses{404});
  EXPECT_TRUE(juliet.ended()) << "what would follow can't be told from a body";
}

TEST_F(HttpServer, ContinuesWhereThatIsExpected) {
  const std::string head = "POST /echo HTTP/1.1\r\nExpect: 100-Continue\r\nContent-Length: 2\r\n" + kHost;
  sim::Peer romeo = connect();
  EXPECT_EQ(ask(romeo, head), "HTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_EQ(statuses(ask(romeo, "ab")), Statuses{200});
  EXPECT_EQ(statuses(ask("GET /hello HTTP/1.1\r\nExpect: 100-continue\r\n" + kHost)), Statuses{200}) << "no body";
  EXPECT_EQ(statuses(ask("POST /echo HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 101\r\n" + kHost)),
            Statuses{413});
  EXPECT_EQ(statuses(ask("GET /hello HTTP/1.1\r\nExpect: miracles\r\n" + kHost)), Statuses{417});
  EXPECT_EQ(statuses(ask("POST /echo HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n" + kHost + "a")),
            Statuses{200});
}

TEST_F(HttpServer, ADroppedResponderAnswers500) {
  sim::Peer romeo = connect();
  EXPECT_EQ(statuses(ask(romeo, "GET /lost HTTP/1.1\r\n" + kHost + kHello)), (Statuses{500, 200}));
}

TEST_F(HttpServer, TheConnectionEndsWhenTheClientSaysSo) {
  for (const std::string& last :
       {"GET /hello HTTP/1.1\r\nConnection: close\r\n" + kHost, std::string("GET /hello HTTP/1.0\r\n\r\n")}) {
    sim::Peer romeo = connect();
    const std::string answer = ask(romeo, last + kHello);
    EXPECT_EQ(statuses(answer), Statuses{200});
    EXPECT_NE(answer.find("Connection: close\r\n"), std::string::npos);
    EXPECT_TRUE(romeo.ended());
  }
}

TEST_F(HttpServer, AConnectionHasSoManyRequests) {
  sim::Peer romeo = connect();
  std::string many;
  for (int i = 0; i < 9; ++i) many += kHello;
  EXPECT_EQ(statuses(ask(romeo, many)), Statuses(5, 200));
  EXPECT_TRUE(romeo.ended());
}

TEST_F(HttpServer, TheOldestThatIsOwedNothingMakesRoom) {
  const std::string ask_late = "GET /late HTTP/1.1\r\n" + kHost;
  sim::Peer busy = connect(), started = connect(), silent = connect();
  busy.send(ask_late);
  started.send("G");
  world.settle();
  sim::Peer fourth = connect();
  EXPECT_TRUE(silent.closed()) << "it had not begun";
  EXPECT_EQ(ask(fourth, ask_late), "");
  sim::Peer fifth = connect();
  EXPECT_TRUE(started.closed());
  EXPECT_EQ(ask(fifth, ask_late), "");
  sim::Peer sixth = connect();
  EXPECT_TRUE(sixth.closed()) << "all others wait for their answers";
  EXPECT_EQ(server.connections(), 3U);
  for (HttpResponder& each : late) each.send({200, {}, ""});
  world.settle();
  for (sim::Peer* peer : {&busy, &fourth, &fifth}) EXPECT_EQ(statuses(peer->take()), Statuses{200});
}

TEST_F(HttpServer, AnAnswerThatIsLeavingMakesNoRoom) {
  sim::Peer slow = connect({.kernel = 1000}), busy = connect(), begun = connect();
  slow.read(false);
  slow.send("GET /big HTTP/1.1\r\n" + kHost);
  busy.send("GET /late HTTP/1.1\r\n" + kHost);
  begun.send(post("/echo", "hello").substr(0, post("/echo", "hello").size() - 1));
  world.settle();
  sim::Peer fourth = connect();
  EXPECT_TRUE(begun.closed()) << "a body that is held is not worth more than a header";
  EXPECT_EQ(ask(fourth, "GET /late HTTP/1.1\r\n" + kHost), "");
  sim::Peer fifth = connect();
  EXPECT_TRUE(fifth.closed());
  slow.read(true);
  world.settle();
  EXPECT_EQ(statuses(slow.take()), Statuses{200});
  sim::Peer sixth = connect();
  EXPECT_TRUE(slow.closed()) << "now it waits";
  EXPECT_FALSE(sixth.closed());
}

TEST_F(HttpServer, OneAddressHasSoManyConnections) {
  net::HttpServer few{world.loop(), routes(), net::plain_error_page, {.connections_per_address = 2}};
  const auto come = [&](const std::string& peer) { return connect_to(few, {.peer = peer}); };
  sim::Peer first = come("[2001:db8::1]:40000"), second = come("[2001:db8::2]:40000");
  EXPECT_TRUE(come("[2001:db8::ffff:0:0:1]:40000").closed()) << "one customer has a /64";
  EXPECT_EQ(few.connections(), 2U);
  sim::Peer neighbour = come("[2001:db8:0:1::1]:40000"), other = come("192.0.2.1:40000");
  for (const sim::Peer* peer : {&first, &second, &neighbour, &other}) EXPECT_FALSE(peer->closed());
  first.cut();
  world.settle();
  EXPECT_FALSE(come("[2001:db8::1]:40001").closed()) << "there is a place again";
  std::vector<sim::Peer> proxied;
  for (int i = 0; i < 9; ++i)
    proxied.push_back(come((i % 2 == 0 ? "127.0.0.1:" : "[::1]:") + std::to_string(40'000 + i)));
  EXPECT_TRUE(std::ranges::none_of(proxied, &sim::Peer::closed)) << "a reverse proxy speaks for many";
}

TEST_F(HttpServer, WhoMakesRoomCountsNoMore) {
  net::HttpServer narrow{
      world.loop(), routes(), net::plain_error_page, {.connections = 1, .connections_per_address = 2}};
  std::vector<sim::Peer> peers;
  for (int i = 0; i < 5; ++i) peers.push_back(connect_to(narrow));
  EXPECT_FALSE(peers.back().closed());
  EXPECT_EQ(std::ranges::count_if(peers, &sim::Peer::closed), 4);
}

TEST_F(HttpServer, WhoHasTooManyCostsNobodyElseHisPlace) {
  net::HttpServer narrow{
      world.loop(), routes(), net::plain_error_page, {.connections = 3, .connections_per_address = 2}};
  sim::Peer juliet = connect_to(narrow, {.peer = "198.51.100.1:40000"});
  std::vector<sim::Peer> many;
  for (int i = 0; i < 5; ++i) many.push_back(connect_to(narrow));
  EXPECT_FALSE(juliet.closed());
  EXPECT_EQ(std::ranges::count_if(many, &sim::Peer::closed), 3);
}

TEST_F(HttpServer, RefusalsAreToldOnceAMinute) {
  const Log log;
  net::HttpServer narrow{
      world.loop(), routes(), net::plain_error_page, {.connections = 1, .connections_per_address = 1}};
  sim::Peer romeo = connect_to(narrow);
  romeo.send("GET /late HTTP/1.1\r\n" + kHost);
  world.settle();
  const auto knock = [&] {
    for (int i = 0; i < 5; ++i) {
      connect_to(narrow);
      connect_to(narrow, {.peer = "198.51.100.1:40000"});
    }
  };
  knock();
  EXPECT_EQ(log.count("http_address_full"), 1U);
  EXPECT_EQ(log.count("http_full"), 1U);
  world.advance(60s);
  romeo = connect_to(narrow);  // the first got its 503
  romeo.send("GET /late HTTP/1.1\r\n" + kHost);
  world.settle();
  knock();
  EXPECT_EQ(log.count("http_address_full"), 2U);
  EXPECT_EQ(log.count("http_full"), 2U);
}

TEST_F(HttpServer, ASilentConnectionIsClosed) {
  sim::Peer romeo = connect();
  world.advance(10s - 1ms);
  EXPECT_FALSE(romeo.ended());
  world.advance(1ms);
  EXPECT_TRUE(romeo.ended());
  EXPECT_EQ(romeo.take(), "");
  world.advance(6s);
  EXPECT_EQ(server.connections(), 0U);
}

TEST_F(HttpServer, AHeaderMustComeInTenSeconds) {
  sim::Peer romeo = connect();
  world.advance(9s);
  romeo.send("GET /hello");
  for (int i = 0; i < 9; ++i) {  // dripping doesn't help
    world.advance(1s);
    romeo.send("o");
  }
  EXPECT_FALSE(romeo.ended());
  world.advance(1s);
  EXPECT_EQ(statuses(romeo.take()), Statuses{408});
  EXPECT_TRUE(romeo.ended());
}

TEST_F(HttpServer, ABodyMustComeInThirtySeconds) {
  sim::Peer romeo = connect();
  romeo.send("POST /echo HTTP/1.1\r\nContent-Length: 90\r\n" + kHost);
  for (int i = 0; i < 29; ++i) {
    world.advance(1s);
    romeo.send("x");
  }
  world.advance(999ms);
  EXPECT_FALSE(romeo.ended());
  world.advance(1ms);
  EXPECT_EQ(statuses(romeo.take()), Statuses{408});
  EXPECT_TRUE(romeo.ended());
}

TEST_F(HttpServer, AnIdleConnectionIsClosedAfterAMinute) {
  sim::Peer romeo = connect();
  EXPECT_EQ(statuses(ask(romeo, kHello)), Statuses{200});
  world.advance(59s);
  EXPECT_EQ(statuses(ask(romeo, kHello)), Statuses{200});
  world.advance(60s - 1ms);
  EXPECT_FALSE(romeo.ended());
  world.advance(1ms);
  EXPECT_TRUE(romeo.ended());
}

TEST_F(HttpServer, ALateAnswerIsNotWaitedForForEver) {
  sim::Peer romeo = connect();
  romeo.send("GET /late HTTP/1.1\r\n" + kHost + kHello);
  world.advance(10s);
  EXPECT_EQ(statuses(romeo.take()), Statuses{503});
  EXPECT_TRUE(romeo.ended());
  ASSERT_EQ(late.size(), 1U);
  late[0].send({200, {}, "too late"});
  late.clear();
  world.settle();
  EXPECT_EQ(romeo.take(), "");
}

TEST_F(HttpServer, AnAnswerForAClientThatLeftGoesNowhere) {
  sim::Peer romeo = connect();
  romeo.send("GET /late HTTP/1.1\r\n" + kHost);
  world.settle();
  romeo.cut();
  world.advance(20s);
  EXPECT_EQ(server.connections(), 0U);
  late[0].send({200, {}, ""});
  world.settle();
}

TEST_F(HttpServer, WhoDoesNotReadIsNotReadAndThenCut) {
  sim::Peer romeo = connect({.kernel = 1000});
  romeo.read(false);
  std::string many;
  for (int i = 0; i < 5; ++i) many += "GET /big HTTP/1.1\r\n" + kHost;
  romeo.send(many);
  world.settle();
  EXPECT_TRUE(romeo.unread()) << "more than 256 KiB are unsent";
  world.advance(60s - 1ms);
  EXPECT_FALSE(romeo.closed());
  world.advance(1ms);
  EXPECT_TRUE(romeo.closed());
  EXPECT_EQ(server.connections(), 0U);
}

TEST_F(HttpServer, WhoReadsAgainGetsAllOfIt) {
  sim::Peer romeo = connect({.kernel = 1000});
  romeo.read(false);
  std::string many;
  for (int i = 0; i < 5; ++i) many += "GET /big HTTP/1.1\r\n" + kHost;
  romeo.send(many);
  world.settle();
  EXPECT_TRUE(romeo.unread());
  romeo.read(true);
  world.settle();
  EXPECT_EQ(statuses(romeo.take()), Statuses(5, 200));
}

TEST_F(HttpServer, StopsOnceAllThatWasAskedHasItsAnswer) {
  sim::Peer silent = connect(), started = connect(), asked = connect();
  started.send("GET /hel");
  asked.send("GET /late HTTP/1.1\r\n" + kHost + kHello);
  world.settle();
  bool stopped = false;
  server.stop([&] { stopped = true; });
  sim::Peer late_comer = connect();
  world.settle();
  EXPECT_TRUE(late_comer.closed());
  EXPECT_TRUE(silent.ended());
  EXPECT_TRUE(started.ended());
  EXPECT_FALSE(asked.ended());
  for (sim::Peer* peer : {&silent, &started}) peer->end();
  late.at(0).send({200, {}, "at last"});
  world.settle();
  EXPECT_EQ(statuses(asked.take()), Statuses{200});
  EXPECT_TRUE(asked.ended());
  EXPECT_FALSE(stopped);
  asked.end();
  world.settle();
  EXPECT_TRUE(stopped);
}

TEST_F(HttpServer, EndsInTheMiddleOfARequest) {
  const std::string request = post("/echo", "hello");
  for (std::size_t cut = 1; cut < request.size(); ++cut) {
    sim::Peer romeo = connect({.cut_to_server = cut});
    romeo.send(request);
    world.settle();
    EXPECT_EQ(server.connections(), 0U) << cut;
  }
}

}  // namespace
