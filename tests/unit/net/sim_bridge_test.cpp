// Two servers on a simulated loop that dial each other.
#include "sim/sim_bridge.h"

#include <gtest/gtest.h>

#include "sim/sim_dialer.h"

namespace {

using namespace std::chrono_literals;

struct End : net::TransportHandler {
  std::size_t on_bytes(std::span<const std::byte> bytes) override {
    received.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return bytes.size();
  }
  void on_tls() override { tls = true; }
  void on_closed(const base::Error& why) override { closed = why.what.empty() ? "in order" : why.what; }

  std::unique_ptr<net::Transport> transport;
  std::string received, closed;
  bool tls = false;
};

struct SimBridge : testing::Test {
  SimBridge() {
    dialer.listen("192.0.2.1", 5269, [this](sim::Peer peer) {
      auto [transport, far] = sim::make_link(world.loop(1));
      bridge = std::make_unique<sim::Bridge>(std::move(peer), std::move(far));
      callee.transport = std::move(transport);
      callee.transport->start(callee);
    });
    call = dialer.dial("192.0.2.1", 5269, {}, [this](base::Result<std::unique_ptr<net::Transport>> made) {
      caller.transport = std::move(*made);
      caller.transport->start(caller);
      caller.transport->send("hark");
    });
    world.settle();
    world.advance(0s);
  }

  sim::World world{3, 2};
  sim::SimDialer dialer{world.loop(0)};
  std::unique_ptr<sim::Bridge> bridge;
  End caller, callee;
  std::unique_ptr<net::Dialer::Call> call;
};

TEST_F(SimBridge, CarriesBytesTlsAndTheEnd) {
  EXPECT_EQ(callee.received, "hark");
  callee.transport->send("<proceed/>");
  callee.transport->start_tls({}, "example.org");
  world.settle();
  EXPECT_EQ(caller.received, "<proceed/>");
  caller.transport->start_tls_client({nullptr, "example.org"});
  world.settle();
  EXPECT_TRUE(caller.tls && callee.tls);
  caller.transport->send("</stream>");
  caller.transport->close();
  world.settle();
  EXPECT_EQ(callee.received, "hark</stream>");
  EXPECT_EQ(callee.closed, "in order");
  callee.transport.reset();
  world.settle();
  EXPECT_NE(caller.closed, "");
}

TEST_F(SimBridge, BreaksForBothOrForNobody) {
  bridge->vanish();
  caller.transport->send("lost");
  world.settle();
  EXPECT_EQ(callee.received, "hark");
  EXPECT_EQ(caller.closed + callee.closed, "");
  bridge.reset();
}

TEST_F(SimBridge, ACutIsNoticed) {
  bridge->cut();
  world.settle();
  EXPECT_EQ(caller.closed, "connection reset by peer");
  EXPECT_EQ(callee.closed, "connection reset by peer");
  EXPECT_TRUE(bridge->closed());
}

}  // namespace
