// Virtual time: several base::Loops in one thread, stepped in an order drawn from a seed. Nothing waits; the clock
// jumps to the next timer when nobody has anything to do, so hours of deadlines run in microseconds and every run
// repeats.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <random>
#include <utility>
#include <vector>

#include "base/executor.h"
#include "base/loop.h"
#include "base/random.h"

namespace sim {

class World;

/// One simulated shard. Belongs to its World.
class SimLoop final : public base::Loop {
 public:
  explicit SimLoop(World& world) : world_(world) {}
  base::MonoTime now() const override;
  base::WallTime wall() const override;
  void post(base::Fn<void()> job) override { mailbox_.push_back(std::move(job)); }
  bool here() const override;
  void at_turn_end(base::Fn<void()> job) override { turn_end_.push_back(std::move(job)); }
  base::TimerId after(base::Duration delay, base::Fn<void()> job) override;
  void cancel(base::TimerId timer) override;

 private:
  friend class World;
  bool ready() const { return !mailbox_.empty() || !turn_end_.empty(); }
  /// One turn: everything in the mailbox, then the jobs for the end of the turn, those they add included.
  void turn();
  void fire_due();

  World& world_;
  std::deque<base::Fn<void()>> mailbox_;
  std::deque<base::Fn<void()>> turn_end_;
  std::map<std::pair<base::MonoTime, std::uint64_t>, base::Fn<void()>> timers_;
  std::map<std::uint64_t, base::MonoTime> deadlines_;
};

/// The clock, the shards and the seed of one simulated run.
class World {
 public:
  explicit World(std::uint64_t seed, std::size_t shards = 1);

  SimLoop& loop(std::size_t shard = 0) { return *loops_[shard]; }
  std::vector<base::Loop*> loops() const;
  /// Runs until no shard has anything to do at the present time. Timers of the future stay.
  void settle();
  /// Moves the clock on by `time`, stopping at every timer on the way.
  void advance(base::Duration time);
  /// Calendar time jumps; timers don't notice (SECURITY R05).
  void jump_wall(base::Duration by) { wall_offset_ += by; }
  std::uint64_t draw(std::uint64_t below);

 private:
  friend class SimLoop;
  SimLoop* next_ready();

  const SimLoop* stepping_ = nullptr;

  std::mt19937_64 dice_;
  base::MonoTime now_{std::chrono::hours(1)};
  base::Duration wall_offset_{std::chrono::hours(24 * 365 * 56)};
  std::uint64_t next_timer_ = 1;
  std::vector<std::unique_ptr<SimLoop>> loops_;
};

/// Repeatable "random" bytes.
class SeededRandom final : public base::Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : dice_(seed) {}
  void fill(std::span<std::byte> bytes) override {
    for (std::byte& b : bytes) b = static_cast<std::byte>(dice_());
  }

 private:
  std::mt19937_64 dice_;
};

/// Runs each job at a time drawn from the seed, in order, on virtual time.
class SimExecutor final : public base::Executor {
 public:
  /// Jobs take up to `slowest` each.
  SimExecutor(World& world, base::Duration slowest) : world_(world), slowest_(slowest) {}
  void submit(base::Fn<void()> job) override;
  /// Jobs submitted from now on wait at least this long: a disk that hangs.
  void stall(base::Duration time);
  /// How many were submitted so far: work done, where a clock would show nothing.
  std::size_t submitted() const { return submitted_; }

 private:
  World& world_;
  base::Duration slowest_;
  base::MonoTime busy_until_{};
  std::size_t submitted_ = 0;
};

}  // namespace sim
