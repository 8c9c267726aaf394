// Group commit: everything that has queued since the last commit goes into the next one.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "base/executor.h"
#include "base/function.h"
#include "base/locked_queue.h"
#include "base/loop.h"
#include "base/result.h"
#include "store/checkpointer.h"
#include "store/unit.h"

namespace store {

/// The one that writes. write() and after_pending() from any thread; commits on the executor.
class Writer : public std::enable_shared_from_this<Writer> {
 public:
  using Done = base::Fn<void(base::Result<void>)>;
  static constexpr std::size_t kMaxBatch = 1000;  // units in one transaction; more gains nothing measurable

  /// At most `bound` units wait; more are answered with an error.
  Writer(std::unique_ptr<Database> database, std::shared_ptr<Checkpointer> checkpointer, base::Executor& executor,
         std::size_t bound);

  /// Units commit in the order given. `done` runs on `home`, which must outlive it, when the unit is durable or
  /// has failed; the unit is let go there too. Units of one commit that share a home share one post.
  void write(UnitRef unit, base::Loop& home, Done done);

  /// Runs `job` when all units given before are committed or failed, and reported: at once, else on the executor.
  /// False if the queue is full.
  bool after_pending(base::Fn<void()> job);

  /// Commits so far. On the executor.
  std::size_t commits() const { return commits_; }

 private:
  struct Entry {
    UnitRef unit;
    base::Loop* home = nullptr;
    Done done;
    base::Fn<void()> job;  // instead of a unit
    base::Result<void> result;
  };

  bool enqueue(Entry& entry);
  void drain();
  void settle(std::span<Entry> batch);
  base::Result<void> commit(std::span<Entry> batch);
  base::Result<void> apply_all(std::span<Entry> batch);
  void report(std::vector<Entry> batch);

  std::unique_ptr<Database> database_;
  std::shared_ptr<Checkpointer> checkpointer_;
  base::Executor& executor_;
  base::LockedQueue<Entry> queue_;
  std::atomic<std::size_t> unreported_ = 0;  // units given; while there are none, a read need not wait its turn here
  std::size_t commits_ = 0;
  std::vector<const Row*> revocable_;  // of the transaction under way, those it writes
};

}  // namespace store
