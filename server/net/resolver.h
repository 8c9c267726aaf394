// From a host's name to its addresses.
#pragma once

#include <string>
#include <vector>

#include "base/executor.h"
#include "base/loop.h"
#include "base/result.h"

namespace net {

class Resolver {
 public:
  /// Addresses in numbers, the best one first; never none.
  using Addresses = std::vector<std::string>;
  using Done = base::Fn<void(const base::Result<Addresses>&)>;

  virtual ~Resolver() = default;
  /// `done` once, in a later step of `loop`, however late: who can't wait has a deadline of its own.
  virtual void resolve(base::Loop& loop, const std::string& host, Done done) = 0;
};

/// The system's: hosts file and DNS. It blocks, so it has threads that may; addresses in numbers need none. The loops
/// outlive the executor's last job.
class SystemResolver final : public Resolver {
 public:
  explicit SystemResolver(base::Executor& threads) : threads_(threads) {}
  void resolve(base::Loop& loop, const std::string& host, Done done) override;

 private:
  base::Executor& threads_;
};

}  // namespace net
