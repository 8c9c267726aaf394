// Which connections are joined, when, and which are not (XEP-0065 6.3; SECURITY Y01), on virtual time.
#include "proxy65/streamhost.h"

#include <gtest/gtest.h>

#include <optional>

#include "sim/sim_loop.h"
#include "sim/sim_transport.h"

namespace proxy65 {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;

const std::string kHash = "972b7bf47291ca609517f67f86b5081086052dad";
const std::string kOther = "416781edf1ae50bad01cb8509ba35b43952bc345";

std::string asking(const std::string& hash) { return "\x05\x01\x00\x05\x01\x00\x03\x28"s + hash + "\0\0"s; }
std::string granted(const std::string& hash) { return "\x05\x00\x05\x00\x00\x03\x28"s + hash + "\0\0"s; }
std::string refused(const std::string& hash) { return "\x05\x00\x05\x02\x00\x03\x28"s + hash + "\0\0"s; }

/// What was joined; the connections stay open as long as it is held.
struct Pair {
  std::unique_ptr<net::Transport> first, second;
  net::RelayLimits limits;
  net::Relay::Done done;
};

class StreamhostTest : public testing::Test {
 protected:
  sim::Peer connect(const std::string& hash = {}, const std::string& from = "192.0.2.1:40000") {
    auto [transport, peer] = sim::make_link(world.loop(), {.peer = from});
    host->accept(std::move(transport));
    if (!hash.empty()) peer.send(asking(hash));
    world.settle();
    return std::move(peer);
  }
  Streamhost::Activation activate(const std::string& hash = kHash, const net::RelayLimits& limits = {}) {
    return host->activate(hash, limits, [this](const net::Relay::Outcome& how) { ended = how; });
  }

  sim::World world{7};
  bool joins = true;
  std::vector<std::shared_ptr<Pair>> pairs;
  std::optional<net::Relay::Outcome> ended;
  std::unique_ptr<Streamhost> host = std::make_unique<Streamhost>(
      world.loop(),
      [this](std::unique_ptr<net::Transport> first, std::unique_ptr<net::Transport> second,
             const net::RelayLimits& limits, net::Relay::Done done) -> std::shared_ptr<void> {
        if (!joins) return nullptr;
        return pairs.emplace_back(std::make_shared<Pair>(std::move(first), std::move(second), limits, std::move(done)));
      });
};

TEST_F(StreamhostTest, JoinsTheTwoWhoAskedForTheSame) {
  auto romeo = connect(kHash), juliet = connect(kHash), iago = connect(kOther);
  EXPECT_EQ(romeo.take(), granted(kHash));
  EXPECT_EQ(juliet.take(), granted(kHash));
  EXPECT_EQ(host->waiting(), 3U);
  EXPECT_EQ(activate(kHash, {.bytes = 17}), Streamhost::Activation::done);
  ASSERT_EQ(pairs.size(), 1U);
  EXPECT_EQ(pairs[0]->limits.bytes, 17U);
  EXPECT_EQ(host->waiting(), 1U);
  EXPECT_EQ(host->active(), 1U);
  world.advance(60s);
  EXPECT_FALSE(romeo.closed()) << "the deadline was that of the wait";
  EXPECT_TRUE(iago.closed());
}

TEST_F(StreamhostTest, NothingIsReadBeforeTheActivation) {
  auto romeo = connect(kHash), juliet = connect(kHash);
  romeo.send("a secret");
  world.advance(1s);
  EXPECT_TRUE(romeo.unread());
  EXPECT_EQ(juliet.take(), granted(kHash));
}

TEST_F(StreamhostTest, TellsWhyThereIsNoStream) {
  EXPECT_EQ(activate(), Streamhost::Activation::unknown);
  const auto romeo = connect(kHash);
  EXPECT_EQ(activate(kOther), Streamhost::Activation::unknown);
  EXPECT_EQ(activate(), Streamhost::Activation::alone);
  EXPECT_EQ(host->waiting(), 1U) << "the other may still come";
  const auto juliet = connect(kHash);
  joins = false;
  EXPECT_EQ(activate(), Streamhost::Activation::failed);
  EXPECT_EQ(host->waiting(), 0U);
  EXPECT_EQ(host->active(), 0U);
  world.settle();
  EXPECT_TRUE(romeo.closed());
  EXPECT_TRUE(juliet.closed());
}

TEST_F(StreamhostTest, AThirdIsRefused) {
  auto romeo = connect(kHash), juliet = connect(kHash), iago = connect(kHash);
  EXPECT_EQ(iago.take(), refused(kHash));
  EXPECT_TRUE(iago.ended());
  EXPECT_EQ(activate(), Streamhost::Activation::done);
}

TEST_F(StreamhostTest, WhoLeavesMakesRoomForAnother) {
  auto romeo = connect(kHash);
  {
    const auto iago = connect(kHash);
  }
  world.settle();
  auto juliet = connect(kHash);
  EXPECT_EQ(juliet.take(), granted(kHash));
}

TEST_F(StreamhostTest, AHandshakeHasTenSeconds) {
  auto silent = connect();
  auto slow = connect();
  for (const char byte : asking(kHash).substr(0, 9)) {
    slow.send(std::string(1, byte));
    world.advance(1s);
  }
  EXPECT_FALSE(slow.closed());
  world.advance(2s);
  EXPECT_TRUE(slow.closed());
  EXPECT_TRUE(silent.closed());
  EXPECT_EQ(host->waiting(), 0U);
}

TEST_F(StreamhostTest, WithoutActivationBothAreGoneAfterThirtySeconds) {
  const auto romeo = connect(kHash);
  world.advance(20s);
  const auto juliet = connect(kHash);
  world.advance(10s);
  EXPECT_TRUE(romeo.closed());
  EXPECT_FALSE(juliet.closed());
  EXPECT_EQ(activate(), Streamhost::Activation::alone);
  world.advance(20s);
  EXPECT_TRUE(juliet.closed());
}

TEST_F(StreamhostTest, BytesBehindTheRequestAreNoHandshake) {
  auto [transport, peer] = sim::make_link(world.loop());
  host->accept(std::move(transport));
  peer.send(asking(kHash) + "early");
  world.settle();
  EXPECT_EQ(peer.take(), refused(kHash));
  EXPECT_TRUE(peer.ended());
}

TEST_F(StreamhostTest, OneAddressHasSoManyConnections) {
  std::vector<sim::Peer> peers;
  for (std::size_t i = 0; i < Streamhost::kMostPerAddress; ++i) peers.push_back(connect());
  const auto more = connect();
  EXPECT_TRUE(more.closed());
  const auto other = connect({}, "192.0.2.2:40000");
  EXPECT_FALSE(other.closed());
  EXPECT_EQ(host->waiting(), Streamhost::kMostPerAddress + 1);
  for (std::size_t i = 0; i < Streamhost::kMostPerAddress; ++i)
    peers.push_back(connect({}, "[2001:db8::" + std::to_string(i) + "]:40000"));
  EXPECT_TRUE(connect({}, "[2001:db8::ffff]:40000").closed());
  EXPECT_FALSE(connect({}, "[2001:db8:0:1::1]:40000").closed());
}

TEST_F(StreamhostTest, OfTooManyTheOldestGoes) {
  std::vector<sim::Peer> peers;
  for (std::size_t i = 0; i < Streamhost::kMostWaiting; ++i)
    peers.push_back(connect({}, "192.0.2." + std::to_string(i / 40) + ":40000"));
  const auto newest = connect({}, "198.51.100.1:40000");
  EXPECT_TRUE(peers.front().closed());
  EXPECT_FALSE(peers[1].closed());
  EXPECT_FALSE(newest.closed());
  EXPECT_EQ(host->waiting(), Streamhost::kMostWaiting);
}

TEST_F(StreamhostTest, WhoHasAskedIsNotCrowdedOut) {
  const auto romeo = connect(kHash), juliet = connect(kHash);
  std::vector<sim::Peer> peers;
  for (std::size_t i = 0; i < Streamhost::kMostWaiting; ++i)
    peers.push_back(connect({}, "192.0.2." + std::to_string(2 + i / 40) + ":40000"));
  EXPECT_TRUE(peers.front().closed());
  EXPECT_EQ(activate(), Streamhost::Activation::done);
}

TEST_F(StreamhostTest, AnEndIsToldOnce) {
  const auto romeo = connect(kHash), juliet = connect(kHash);
  ASSERT_EQ(activate(), Streamhost::Activation::done);
  pairs[0]->done({.forth = 3, .back = 4, .end = net::Relay::End::idle});
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->forth + ended->back, 7U);
  EXPECT_EQ(host->active(), 0U);
}

}  // namespace
}  // namespace proxy65
