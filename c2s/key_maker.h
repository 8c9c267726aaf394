// Passwords to SCRAM keys, for whoever creates accounts.
#pragma once

#include <cstdint>

#include "base/executor.h"
#include "base/random.h"
#include "store/key_maker.h"

namespace c2s {

/// Any shard may call it. Lives until the executor ran its last job.
class ScramKeyMaker final : public store::KeyMaker {
 public:
  /// `iterations` should be what stream::FakeAccounts says, so that made-up accounts look like real ones. `random` is
  /// used on the caller's thread.
  ScramKeyMaker(base::Executor& cpu, base::Random& random, std::uint32_t iterations)
      : cpu_(cpu), random_(random), iterations_(iterations) {}

  void make_keys(base::Secret password, base::Loop& home,
                 base::Fn<void(base::Result<std::vector<store::ScramKeys>>)> done) override;

 private:
  base::Executor& cpu_;
  base::Random& random_;
  std::uint32_t iterations_;
};

}  // namespace c2s
