// Seeded faults: links cut at any step, outages, crashes of our own. What was promised arrives or is answered, in
// order; where streams can be resumed, exactly once.
#include <set>

#include "outbound_fixture.h"

namespace s2s_test {
namespace {

using namespace std::chrono_literals;

constexpr int kStanzas = 120;

class DomainFaultsTest : public OutboundTest, public testing::WithParamInterface<std::uint64_t> {
 protected:
  DomainFaultsTest() : OutboundTest(GetParam()) {}
  void SetUp() override {
    OutboundTest::SetUp();
    peer.slowest = 1ms + base::Duration(world.draw(20'000'000));
    start();
  }
  bool chance(std::uint64_t one_in) { return world.draw(one_in) == 0; }
  base::Duration up_to(base::Duration most) {
    return base::Duration(static_cast<std::int64_t>(world.draw(static_cast<std::uint64_t>(most.count()))));
  }
  /// One thing that goes wrong, or comes right again.
  void mishap() {
    switch (world.draw(5)) {
      case 0: return peer.cut();
      case 1: peer.failure = {.text = "nobody answers"}; return peer.cut();
      case 2: peer.failure = {}; return;
      case 3: peer.reads = false; return;
      default: peer.reads = true; peer.make_writable();
    }
  }
  void mend() {
    peer.failure = {};
    peer.reads = true;
    peer.make_writable();
  }
  /// Of two local domains, numbered in the order of sending.
  void say_all(base::Fn<void()> between) {
    for (int i = 1000; i < 1000 + kStanzas; ++i) {
      say(std::to_string(i), true, i % 3 == 0 ? "hall@rooms.example.org/Romeo" : "romeo@example.org/orchard");
      if (chance(3)) world.advance(up_to(50ms));
      if (chance(40)) world.advance(up_to(20s));
      if (chance(8)) mishap();
      between();
    }
    mend();
    world.advance(9min);
  }
  /// Of those that one local domain sent.
  static Texts of(const Texts& all, bool rooms) {
    Texts mine;
    for (const std::string& id : all)
      if ((std::stoi(id) % 3 == 0) == rooms) mine.push_back(id);
    return mine;
  }
  void expect_order(const Texts& got) {
    for (const bool rooms : {false, true}) {
      const Texts mine = of(got, rooms);
      EXPECT_TRUE(std::ranges::is_sorted(mine)) << testing::PrintToString(mine);
    }
  }
  void expect_nothing_left() {
    EXPECT_EQ(open_slots, 0);
    EXPECT_TRUE(spooled().empty());
    for (const auto& pair : domain->pairs()) EXPECT_EQ(pair.waiting + pair.unacknowledged + pair.bytes, 0u);
  }
};

TEST_P(DomainFaultsTest, WithResumptionEachStanzaArrivesOnceAndInOrder) {
  say_all([] {});
  EXPECT_EQ(peer.got.size(), std::size_t{kStanzas});
  expect_order(peer.got);
  EXPECT_TRUE(home.errors.empty());
  expect_nothing_left();
}

TEST_P(DomainFaultsTest, WithoutResumptionNoneIsLost) {
  peer.resumes = false;
  say_all([] {});
  EXPECT_EQ(std::set(peer.got.begin(), peer.got.end()).size(), std::size_t{kStanzas});
  EXPECT_TRUE(home.errors.empty());
  expect_nothing_left();
}

TEST_P(DomainFaultsTest, WithoutAcknowledgementsNoneIsDoubled) {
  peer.managed = false;
  say_all([] {});
  EXPECT_EQ(std::set(peer.got.begin(), peer.got.end()).size(), peer.got.size());
  expect_order(peer.got);
  expect_nothing_left();
}

TEST_P(DomainFaultsTest, WithoutMultiplexingEachPairKeepsItsOrder) {
  peer.multiplexes = false;
  say_all([] {});
  EXPECT_EQ(peer.got.size(), std::size_t{kStanzas});
  expect_order(peer.got);
  expect_nothing_left();
}

TEST_P(DomainFaultsTest, AfterADeadlineEachStanzaHasArrivedOrWasAnswered) {
  s2s::Limits limits;
  limits.message = limits.request = 15s;
  use(limits);
  say_all([] {});
  std::set<std::string> told(peer.got.begin(), peer.got.end());
  for (const std::string& error : home.errors) told.insert(error.substr(0, error.find(' ')));
  EXPECT_EQ(told.size(), std::size_t{kStanzas});
  EXPECT_EQ(std::set(peer.got.begin(), peer.got.end()).size(), peer.got.size());
  expect_order(peer.got);
  expect_nothing_left();
}

// What a slot had let go is known to be kept, wherever we die.
TEST_P(DomainFaultsTest, ACrashLosesNothingThatWasAcknowledged) {
  say_all([&] {
    if (!chance(20)) return;
    world.advance(500ms);
    ASSERT_EQ(open_slots, 0) << "nobody waits longer, and every row is written";
    start();
  });
  EXPECT_EQ(std::set(peer.got.begin(), peer.got.end()).size(), std::size_t{kStanzas});
  EXPECT_TRUE(home.errors.empty());
  expect_nothing_left();
}

INSTANTIATE_TEST_SUITE_P(Seeds, DomainFaultsTest, testing::Range(std::uint64_t{1}, std::uint64_t{21}));

}  // namespace
}  // namespace s2s_test
