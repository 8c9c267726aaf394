// Retention of the audit: what is older than the configuration says leaves it, a bounded piece at a time.
#pragma once

#include "tokensvc/office.h"

namespace tokensvc {

/// One per process, on its office's thread.
class AuditRetention {
 public:
  AuditRetention(Office& office, store::Store& store);

 private:
  static constexpr base::Duration kFirst = std::chrono::minutes(1);  ///< when everybody is back after a restart
  static constexpr base::Duration kRound = std::chrono::hours(1);
  static constexpr base::Duration kPause = std::chrono::milliseconds(100);  ///< between two pieces

  void wait(base::Duration time);
  void look();
  void remove(base::WallTime before);

  Office& office_;
  store::Store& store_;
  base::Timer next_;
};

}  // namespace tokensvc
