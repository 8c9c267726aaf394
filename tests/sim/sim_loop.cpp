#include "sim/sim_loop.h"

#include <algorithm>

namespace sim {

base::MonoTime SimLoop::now() const { return world_.now_; }

base::WallTime SimLoop::wall() const {
  const base::Duration since_epoch = world_.now_.time_since_epoch() + world_.wall_offset_;
  return base::WallTime(std::chrono::duration_cast<std::chrono::microseconds>(since_epoch));
}

base::TimerId SimLoop::after(base::Duration delay, base::Fn<void()> job) {
  const std::uint64_t id = world_.next_timer_++;
  const base::MonoTime deadline = now() + std::max(delay, base::Duration::zero());
  timers_.emplace(std::pair(deadline, id), std::move(job));
  deadlines_.emplace(id, deadline);
  return static_cast<base::TimerId>(id);
}

void SimLoop::cancel(base::TimerId timer) {
  const auto found = deadlines_.find(static_cast<std::uint64_t>(timer));
  if (found == deadlines_.end()) return;
  timers_.erase(std::pair(found->second, found->first));
  deadlines_.erase(found);
}

bool SimLoop::here() const { return world_.stepping_ == this; }

void SimLoop::turn() {
  world_.stepping_ = this;
  auto posted = std::exchange(mailbox_, {});
  for (auto& job : posted) job();
  while (!turn_end_.empty()) {
    auto job = std::move(turn_end_.front());
    turn_end_.pop_front();
    job();
  }
  world_.stepping_ = nullptr;
}

void SimLoop::fire_due() {
  world_.stepping_ = this;
  while (!timers_.empty() && timers_.begin()->first.first <= now()) {
    auto due = timers_.extract(timers_.begin());
    deadlines_.erase(due.key().second);
    due.mapped()();
  }
  world_.stepping_ = nullptr;
}

World::World(std::uint64_t seed, std::size_t shards) : dice_(seed) {
  for (std::size_t s = 0; s < shards; ++s) loops_.push_back(std::make_unique<SimLoop>(*this));
}

std::vector<base::Loop*> World::loops() const {
  std::vector<base::Loop*> all;
  for (const auto& loop : loops_) all.push_back(loop.get());
  return all;
}

std::uint64_t World::draw(std::uint64_t below) { return below == 0 ? 0 : dice_() % below; }

SimLoop* World::next_ready() {
  std::vector<SimLoop*> ready;
  for (const auto& loop : loops_)
    if (loop->ready()) ready.push_back(loop.get());
  return ready.empty() ? nullptr : ready[draw(ready.size())];
}

void World::settle() {
  while (SimLoop* loop = next_ready()) loop->turn();
}

void World::advance(base::Duration time) {
  const base::MonoTime end = now_ + time;
  for (settle();; settle()) {
    base::MonoTime next = end;
    for (const auto& loop : loops_)
      if (!loop->timers_.empty()) next = std::min(next, loop->timers_.begin()->first.first);
    now_ = std::max(now_, next);
    for (const auto& loop : loops_) loop->fire_due();
    const bool due_left = std::ranges::any_of(loops_, [&](const auto& l) {
      return l->ready() || (!l->timers_.empty() && l->timers_.begin()->first.first <= end);
    });
    if (!due_left && now_ >= end) return;
  }
}

void SimExecutor::submit(base::Fn<void()> job) {
  ++submitted_;
  SimLoop& loop = world_.loop(0);
  const auto takes =
      base::Duration(static_cast<std::int64_t>(world_.draw(static_cast<std::uint64_t>(slowest_.count()))));
  busy_until_ = std::max(busy_until_, loop.now()) + takes;
  loop.after(busy_until_ - loop.now(), std::move(job));
}

void SimExecutor::stall(base::Duration time) { busy_until_ = std::max(busy_until_, world_.loop(0).now()) + time; }

}  // namespace sim
