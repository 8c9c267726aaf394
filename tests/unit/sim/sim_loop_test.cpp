#include "sim/sim_loop.h"

#include <gtest/gtest.h>

#include <string>

namespace sim {
namespace {

using namespace std::chrono_literals;

TEST(SimLoop, TimersFireInTimeOrderAndOnlyWhenTheClockMoves) {
  World world(1);
  std::string order;
  world.loop().after(2s, [&] { order += 'b'; });
  world.loop().after(1s, [&] { order += 'a'; });
  const base::TimerId cancelled = world.loop().after(1500ms, [&] { order += 'x'; });
  world.loop().cancel(cancelled);
  world.settle();
  EXPECT_EQ(order, "");
  world.advance(1s);
  EXPECT_EQ(order, "a");
  world.advance(10s);
  EXPECT_EQ(order, "ab");
}

TEST(SimLoop, TimerObjectsCancelWhenDestroyed) {
  World world(1);
  int fired = 0;
  {
    const base::Timer dropped(world.loop(), 1s, [&] { ++fired; });
    EXPECT_TRUE(dropped.armed());
  }
  base::Timer kept(world.loop(), 1s, [&] { ++fired; });
  kept = base::Timer(world.loop(), 3s, [&] { fired += 10; });
  world.advance(5s);
  EXPECT_EQ(fired, 10);
}

TEST(SimLoop, TurnEndRunsAfterWhatWasPosted) {
  World world(1);
  std::string order;
  world.loop().at_turn_end([&] { order += 'e'; });
  world.loop().post([&] { order += 'p'; });
  world.settle();
  EXPECT_EQ(order, "pe");
}

TEST(SimLoop, TheSameSeedGivesTheSameInterleaving) {
  const auto run = [](std::uint64_t seed) {
    World world(seed, 4);
    std::string order;
    for (std::size_t s = 0; s < 4; ++s)
      for (int i = 0; i < 3; ++i)
        world.loop(s).post([&, s] {
          order += static_cast<char>('0' + s);
          world.loop((s + 1) % 4).post([&order] { order += '.'; });
        });
    world.settle();
    return order;
  };
  EXPECT_EQ(run(7), run(7));
  EXPECT_EQ(run(7).size(), 24u);
}

TEST(SimLoop, WallTimeJumpsWithoutTouchingTimers) {
  World world(1);
  bool fired = false;
  const base::Timer timer(world.loop(), 1s, [&] { fired = true; });
  const base::WallTime before = world.loop().wall();
  world.jump_wall(1h);
  world.settle();
  EXPECT_FALSE(fired);
  EXPECT_EQ(world.loop().wall() - before, 1h);
}

TEST(SimExecutor, JobsKeepTheirOrder) {
  World world(3);
  SimExecutor executor(world, 5ms);
  std::string order;
  for (char c = 'a'; c < 'f'; ++c) executor.submit([&order, c] { order += c; });
  world.advance(1s);
  EXPECT_EQ(order, "abcde");
}

}  // namespace
}  // namespace sim
