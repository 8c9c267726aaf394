// Where work that would block a shard runs (disk, key derivation): threads in production,
// the simulated loop with seeded completion times in tests.
#pragma once

#include "base/function.h"

namespace base {

class Executor {
 public:
  virtual ~Executor() = default;

  /// Runs `job` elsewhere. Jobs given to one executor with one thread run in order.
  /// A job posts its result to a Loop itself. From any thread.
  virtual void submit(Fn<void()> job) = 0;
};

}  // namespace base
