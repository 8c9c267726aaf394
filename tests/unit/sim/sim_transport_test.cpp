#include "sim/sim_transport.h"

#include <gtest/gtest.h>

#include <optional>
#include <vector>

namespace {

/// Notes everything it is told; takes at most `appetite` bytes in all.
class Recorder final : public net::TransportHandler {
 public:
  std::size_t on_bytes(std::span<const std::byte> bytes) override {
    const std::size_t taken = std::min(bytes.size(), appetite);
    pieces.emplace_back(reinterpret_cast<const char*>(bytes.data()), taken);
    appetite -= taken;
    return taken;
  }
  void on_tls() override { ++tls; }
  void on_drained() override { ++drained; }
  void on_closed(const base::Error& why) override { closed = why.what; }

  std::string all() const {
    std::string joined;
    for (const std::string& piece : pieces) joined += piece;
    return joined;
  }

  std::vector<std::string> pieces;
  std::size_t appetite = sim::kNever;
  int tls = 0, drained = 0;
  std::optional<std::string> closed;
};

struct SimTransportTest : testing::Test {
  void connect(const sim::LinkOptions& options = {}) {
    auto [transport, client] = sim::make_link(world.loop(), options);
    server = std::move(transport);
    peer.emplace(std::move(client));
    server->start(handler);
  }
  sim::World world{1, 2};
  Recorder handler;
  std::unique_ptr<net::Transport> server;
  std::optional<sim::Peer> peer;
};

TEST_F(SimTransportTest, carries_bytes_both_ways) {
  connect();
  peer->send("ping");
  server->send("po");
  server->send("ng");
  world.settle();
  EXPECT_EQ(handler.all(), "ping");
  EXPECT_EQ(peer->take(), "pong");
  EXPECT_EQ(handler.drained, 1);
}

TEST_F(SimTransportTest, splits_where_told) {
  connect({.chunk = 1});
  peer->send("abc");
  world.settle();
  EXPECT_EQ(handler.pieces, (std::vector<std::string>{"a", "b", "c"}));
}

TEST_F(SimTransportTest, keeps_what_was_not_taken) {
  connect();
  handler.appetite = 2;
  peer->send("abcd");
  world.settle();
  EXPECT_EQ(handler.all(), "ab");
  EXPECT_TRUE(peer->unread());
  handler.appetite = sim::kNever;
  server->resume();
  world.settle();
  EXPECT_EQ(handler.all(), "abcd");
}

TEST_F(SimTransportTest, a_client_that_does_not_read_fills_the_queue) {
  connect({.kernel = 10, .queue = 100});
  peer->read(false);
  server->send(std::string(50, 'x'));
  world.settle();
  EXPECT_EQ(peer->peek().size(), 10U);
  EXPECT_EQ(server->queued_bytes(), 40U);
  EXPECT_EQ(handler.drained, 0);
  server->send(std::string(61, 'x'));
  world.settle();
  EXPECT_EQ(handler.closed, "the queue to the peer overflowed");
}

TEST_F(SimTransportTest, closes_in_order_and_by_the_deadline) {
  connect();
  server->send("bye");
  server->close();
  world.settle();
  EXPECT_EQ(peer->take(), "bye");
  EXPECT_TRUE(peer->ended());
  EXPECT_FALSE(handler.closed);
  world.advance(std::chrono::seconds(4));
  EXPECT_FALSE(handler.closed);
  world.advance(std::chrono::seconds(1));
  EXPECT_EQ(handler.closed, "");
}

TEST_F(SimTransportTest, tells_of_the_clients_end_and_of_its_loss) {
  connect();
  peer->send("last");
  peer->end();
  world.settle();
  EXPECT_EQ(handler.all(), "last");
  EXPECT_EQ(handler.closed, "");
  handler = {};
  connect();
  peer->cut();
  world.settle();
  EXPECT_EQ(handler.closed, "connection reset by peer");
}

TEST_F(SimTransportTest, a_vanished_client_is_not_noticed) {
  connect();
  peer->vanish();
  server->send("anyone?");
  world.advance(std::chrono::hours(1));
  EXPECT_FALSE(handler.closed);
  EXPECT_EQ(peer->peek(), "");
}

TEST_F(SimTransportTest, breaks_at_the_byte_asked_for) {
  connect({.cut_to_server = 3});
  peer->send("abcdef");
  world.settle();
  EXPECT_EQ(handler.all(), "abc");
  EXPECT_EQ(handler.closed, "connection reset by peer");
  handler = {};
  connect({.cut_to_client = 2});
  server->send("abcdef");
  world.settle();
  EXPECT_EQ(peer->take(), "ab");
  EXPECT_EQ(handler.closed, "connection reset by peer");
}

TEST_F(SimTransportTest, moves_with_what_is_under_way) {
  connect();
  handler.appetite = 2;
  peer->send("abcd");
  world.settle();
  server->send("out");
  std::unique_ptr<net::Transport> moved;
  server->move_to(world.loop(1), [&](std::unique_ptr<net::Transport> t) { moved = std::move(t); });
  server.reset();
  peer->send("ef");
  world.settle();
  ASSERT_NE(moved, nullptr);
  handler.appetite = sim::kNever;
  moved->start(handler);
  world.settle();
  EXPECT_EQ(handler.all(), "abcdef");
  EXPECT_EQ(peer->take(), "out");
}

TEST_F(SimTransportTest, plaintext_behind_starttls_closes) {
  connect();
  server->start_tls({}, "example.org");
  world.settle();
  EXPECT_EQ(handler.tls, 1);
  EXPECT_TRUE(peer->tls());
  handler = {};
  connect();
  peer->send("early");
  server->start_tls({}, "example.org");
  world.settle();
  EXPECT_EQ(handler.closed, "plaintext behind starttls");
}

TEST_F(SimTransportTest, a_dropped_client_is_a_lost_one) {
  connect();
  peer.reset();
  world.settle();
  EXPECT_EQ(handler.closed, "connection reset by peer");
}

}  // namespace
