// How many pages of an archive one client is sent at a time: what it has not acknowledged must fit its queue
// (XEP-0198).
#pragma once

#include <cstddef>
#include <deque>
#include <memory>

#include "base/function.h"
#include "base/loop.h"
#include "router/delivery.h"

namespace features::archive {

/// One session's pages and the queries that wait for their turn. On its shard's thread.
class Pace : public std::enable_shared_from_this<Pace> {
 public:
  static constexpr std::size_t kPages = 2;     ///< at a time; settings keep each within a quarter of the queue
  static constexpr std::size_t kWaiting = 20;  ///< more are refused
  static constexpr std::chrono::seconds kPatience{10};

  explicit Pace(base::Loop& loop) : loop_(loop) {}

  /// A page under way, until the last who has this lets go or the client acknowledges what it came with.
  using Place = base::Ref<router::Receipt>;
  /// Gets an empty place if there was none in time.
  using Job = base::Fn<void(Place)>;
  /// Runs `job` once, perhaps at once; not at all if the session ends first.
  void enter(Job job);

 private:
  class Page;
  struct Waiting {
    Job job;
    base::Timer deadline;
  };
  Place take();
  void leave();
  void admit();

  base::Loop& loop_;
  std::size_t pages_ = 0;
  std::deque<Waiting> waiting_;
};

}  // namespace features::archive
