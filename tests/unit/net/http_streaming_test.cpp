// Bodies that nobody holds: taken piece by piece by a sink, given piece by piece by a source.
#include <gtest/gtest.h>

#include <optional>
#include <utility>

#include "net/http_server.h"
#include "sim/sim_transport.h"

namespace {

using net::HttpResponder;
using net::HttpResponse;
using std::chrono_literals::operator""min;
using std::chrono_literals::operator""s;

/// What became of one body.
struct Taken {
  std::string bytes;
  std::optional<HttpResponder> responder;
  std::size_t before_pause = SIZE_MAX;  ///< bytes after which it takes no more
  bool whole = false, dropped = false;
};

class Sink final : public net::HttpSink {
 public:
  explicit Sink(std::shared_ptr<Taken> taken) : taken_(std::move(taken)) {}
  ~Sink() override { taken_->dropped = true; }
  bool take(std::string_view piece) override {
    taken_->bytes += piece;
    return taken_->bytes.size() < taken_->before_pause;
  }
  void end() override {
    taken_->whole = true;
    taken_->responder->send({201, {}, std::to_string(taken_->bytes.size())});
  }

 private:
  const std::shared_ptr<Taken> taken_;
};

/// Gives what it is told to, when it is told to.
struct Asked {
  std::size_t most = 0;
  net::HttpSource::Given given;
};
class Source final : public net::HttpSource {
 public:
  explicit Source(std::vector<Asked>& asked) : asked_(asked) {}
  void next(std::size_t most, Given given) override { asked_.push_back({most, std::move(given)}); }

 private:
  std::vector<Asked>& asked_;
};

class HttpStreaming : public testing::Test {
 protected:
  sim::Peer connect_to(net::HttpServer& which, const sim::LinkOptions& options = {}) {
    auto [transport, peer] = sim::make_link(world.loop(), options);
    which.accept(std::move(transport));
    return std::move(peer);
  }
  sim::Peer connect(const sim::LinkOptions& options = {}) { return connect_to(server, options); }
  static std::string put(const std::string& path, std::size_t size, const std::string& fields = {}) {
    return "PUT " + path + " HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(size) + "\r\n" + fields + "\r\n";
  }
  static std::string get(const std::string& method = "GET") { return method + " /long HTTP/1.1\r\nHost: a\r\n\r\n"; }
  std::vector<net::HttpRoute> routes() {
    net::HttpRoute sink{"PUT", "/**", nullptr, 1000};
    sink.taker = [this](HttpResponder responder) -> std::unique_ptr<net::HttpSink> {
      if (responder.request().path.starts_with("/no/")) {
        responder.send({403, {}, "no"});
        return nullptr;
      }
      if (responder.request().path == "/forgotten") return nullptr;
      taken = std::make_shared<Taken>();
      taken->responder.emplace(std::move(responder));
      taken->before_pause = pause_after;
      return std::make_unique<Sink>(taken);
    };
    return {std::move(sink), {"GET", "/long", [this](HttpResponder responder) {
                                responder.send({200, {}, {}}, 300'000, std::make_unique<Source>(asked));
                              }}};
  }

  sim::World world{7};
  std::size_t pause_after = SIZE_MAX;
  std::shared_ptr<Taken> taken;
  std::vector<Asked> asked;
  net::HttpServer server{world.loop(), routes(), net::plain_error_page, {}};
};

TEST_F(HttpStreaming, ABodyIsTakenAsItComes) {
  sim::Peer romeo = connect();
  romeo.send(put("/a/b", 10) + "01234");
  world.settle();
  EXPECT_EQ(taken->bytes, "01234");
  romeo.send("56789" + put("/c", 0));
  world.settle();
  const std::string answers = romeo.take();
  EXPECT_TRUE(answers.starts_with("HTTP/1.1 201 ")) << answers;
  EXPECT_TRUE(answers.ends_with("\r\n\r\n0")) << "the next request was read, too: " << answers;
  EXPECT_FALSE(romeo.ended());
}

TEST_F(HttpStreaming, AFullSinkHoldsTheClient) {
  pause_after = 5;
  sim::Peer romeo = connect({.chunk = 5});
  romeo.send(put("/a", 10) + "0123456789");
  world.settle();
  EXPECT_LT(taken->bytes.size(), 10U);
  EXPECT_TRUE(romeo.unread());
  taken->before_pause = 10;
  taken->responder->go_on();
  world.settle();
  EXPECT_EQ(taken->bytes, "0123456789");
  EXPECT_FALSE(taken->whole) << "it is full again";
  taken->responder->go_on();
  world.settle();
  EXPECT_TRUE(taken->whole) << "there is nothing more to be read";
  EXPECT_TRUE(romeo.take().starts_with("HTTP/1.1 201 "));
}

TEST_F(HttpStreaming, ASinkHasItsTime) {
  pause_after = 5;
  sim::Peer romeo = connect();
  romeo.send(put("/a", 10) + "01234");
  world.advance(9s);
  EXPECT_FALSE(taken->dropped);
  world.advance(2s);
  EXPECT_TRUE(romeo.take().starts_with("HTTP/1.1 503 "));
  EXPECT_TRUE(taken->dropped);
  taken->responder->go_on();  // too late
  world.settle();
  EXPECT_TRUE(romeo.ended());
}

TEST_F(HttpStreaming, PiecesHaveTheirTimeAndAllOfThemTogether) {
  sim::Peer slow = connect();
  slow.send(put("/a", 1000));
  for (int i = 0; i < 130 && !slow.ended(); ++i) {  // an hour in all
    world.advance(29s);
    slow.send("x");
  }
  EXPECT_TRUE(slow.take().starts_with("HTTP/1.1 408 "));
  EXPECT_GT(taken->bytes.size(), 120U) << "each of them came in time";
  sim::Peer silent = connect();
  silent.send(put("/a", 1000) + "x");
  world.advance(31s);
  EXPECT_TRUE(silent.take().starts_with("HTTP/1.1 408 "));
}

TEST_F(HttpStreaming, ABodyUnderWayMakesNoRoom) {
  net::HttpServer narrow{world.loop(), routes(), net::plain_error_page, {.connections = 3}};
  sim::Peer putter = connect_to(narrow);
  putter.send(put("/a", 10) + "01234");
  world.settle();
  const std::shared_ptr<Taken> first = taken;
  pause_after = 5;
  sim::Peer held = connect_to(narrow);
  held.send(put("/b", 10) + "01234");
  world.settle();
  EXPECT_TRUE(held.unread());
  sim::Peer begun = connect_to(narrow);
  begun.send("PUT /c HT");
  world.settle();
  sim::Peer last = connect_to(narrow);
  EXPECT_TRUE(begun.closed()) << "a header makes room";
  last.send(get());
  world.settle();
  EXPECT_TRUE(connect_to(narrow).closed()) << "files do not, in whichever direction";
  putter.send("56789");
  world.settle();
  EXPECT_TRUE(putter.take().starts_with("HTTP/1.1 201 "));
  EXPECT_EQ(first->bytes, "0123456789");
  EXPECT_FALSE(connect_to(narrow).closed());
  EXPECT_TRUE(putter.closed()) << "it has its answer";
  EXPECT_FALSE(held.closed());
  EXPECT_FALSE(last.closed());
}

TEST_F(HttpStreaming, WhatIsRefusedIsNotWaitedFor) {
  for (const std::string& path : {std::string("/no/thing"), std::string("/forgotten")}) {
    sim::Peer romeo = connect();
    romeo.send(put(path, 1000, "Expect: 100-continue\r\n"));
    world.settle();
    const std::string answer = romeo.take();
    EXPECT_TRUE(answer.starts_with(path == "/forgotten" ? "HTTP/1.1 500 " : "HTTP/1.1 403 ")) << answer;
    EXPECT_TRUE(romeo.ended()) << "what follows might be the body";
  }
  sim::Peer large = connect();
  large.send(put("/a", 1001));
  world.settle();
  EXPECT_TRUE(large.take().starts_with("HTTP/1.1 413 "));
  EXPECT_EQ(taken, nullptr);
}

TEST_F(HttpStreaming, AnAnswerInTheMiddleEndsIt) {
  sim::Peer romeo = connect();
  romeo.send(put("/a", 10) + "01234");
  world.settle();
  taken->responder->send({507, {}, "full"});
  world.settle();
  EXPECT_TRUE(romeo.take().starts_with("HTTP/1.1 507 "));
  EXPECT_TRUE(romeo.ended());
  EXPECT_TRUE(taken->dropped);
  romeo.send("56789");
  world.settle();
  EXPECT_EQ(taken->bytes, "01234");
}

TEST_F(HttpStreaming, AClientThatGoesDropsTheSink) {
  for (std::size_t cut = 1; cut < 10; ++cut) {
    sim::Peer romeo = connect({.cut_to_server = put("/a", 10).size() + cut});
    romeo.send(put("/a", 10) + "0123456789");
    world.settle();
    EXPECT_TRUE(taken->dropped) << cut;
    EXPECT_FALSE(taken->whole) << cut;
    EXPECT_EQ(server.connections(), 0U);
  }
}

TEST_F(HttpStreaming, ASourceGivesPieceByPiece) {
  sim::Peer romeo = connect();
  romeo.send(get());
  std::size_t sent = 0;
  std::string all;
  while (sent < 300'000) {
    world.settle();
    all += romeo.take();
    ASSERT_EQ(asked.size(), 1U) << "the next is asked for when this one is gone";
    Asked one = std::move(asked.front());
    asked.clear();
    ASSERT_LE(one.most, 300'000 - sent);
    const std::size_t size = std::min<std::size_t>(one.most, 70'000);
    sent += size;
    one.given(std::string(size, 'x'));
  }
  world.settle();
  all += romeo.take();
  EXPECT_NE(all.find("Content-Length: 300000\r\n"), std::string::npos);
  EXPECT_EQ(all.size() - all.find("\r\n\r\n") - 4, 300'000U);
  EXPECT_FALSE(romeo.ended());
  romeo.send(get("HEAD"));
  world.settle();
  EXPECT_TRUE(romeo.take().ends_with("\r\n\r\n"));
  EXPECT_TRUE(asked.empty()) << "of HEAD nothing is asked";
}

TEST_F(HttpStreaming, ASourceThatFailsEndsTheConnection) {
  for (const std::size_t size : {std::size_t{0}, std::size_t{300'001}}) {
    sim::Peer romeo = connect();
    romeo.send(get());
    world.settle();
    asked.at(0).given(std::string(size, 'x'));
    asked.clear();
    world.settle();
    EXPECT_TRUE(romeo.closed()) << "whoever counts sees that this was not all";
  }
}

TEST_F(HttpStreaming, WhoDoesNotReadIsCut) {
  sim::Peer romeo = connect({.kernel = 1000});
  romeo.read(false);
  romeo.send(get());
  world.settle();
  asked.at(0).given(std::string(100'000, 'x'));
  world.advance(59s);
  EXPECT_EQ(asked.size(), 1U) << "nothing more is fetched";
  EXPECT_FALSE(romeo.closed());
  world.advance(2s);
  EXPECT_TRUE(romeo.closed());
}

TEST_F(HttpStreaming, AnAnswerHasItsTimeInAll) {
  sim::Peer slow = connect({.kernel = 1000});
  slow.read(false);
  slow.send(get());
  const auto read_on = [&](base::Duration time) {  // 1000 bytes at a time
    for (base::Duration passed{}; passed < time; passed += 50s) {
      for (Asked& one : std::exchange(asked, {})) one.given(std::string(1000, 'x'));
      world.advance(50s);
      slow.take();
      world.settle();
    }
  };
  world.settle();
  read_on(59min);
  EXPECT_FALSE(slow.closed()) << "each piece is read in time";
  EXPECT_GT(slow.bytes_to_client(), 70'000U);
  read_on(1min);
  EXPECT_TRUE(slow.closed());
  EXPECT_EQ(server.connections(), 0U);
}

TEST_F(HttpStreaming, WhoKeepsThePaceHasMoreTime) {
  net::HttpServer brisk{world.loop(), routes(), net::plain_error_page, {.long_body = 60s, .pace = 10}};
  sim::Peer putter = connect_to(brisk), getter = connect_to(brisk), idler = connect_to(brisk);
  idler.send(put("/idler", 1000));
  world.settle();
  putter.send(put("/putter", 1000));
  getter.send(get());
  for (int i = 0; i < 8; ++i) {
    world.advance(9s);
    putter.send(std::string(125, 'x'));
    idler.send(std::string(80, 'x'));  // 9 a second
    ASSERT_EQ(asked.size(), 1U) << i;
    std::exchange(asked, {}).front().given(std::string(125, 'x'));
    world.settle();
  }
  EXPECT_TRUE(putter.take().starts_with("HTTP/1.1 201 ")) << "after 72 s";
  EXPECT_TRUE(idler.take().starts_with("HTTP/1.1 408 "));
  world.advance(27s);
  EXPECT_FALSE(getter.closed());
  world.advance(2s);
  EXPECT_TRUE(getter.closed()) << "1000 bytes were good for 100 s";
}

TEST_F(HttpStreaming, APieceThatComesTooLateGoesNowhere) {
  {
    sim::Peer romeo = connect();
    romeo.send(get());
    world.settle();
  }
  world.settle();
  EXPECT_EQ(server.connections(), 0U);
  asked.at(0).given("late");
  world.settle();
}

}  // namespace
