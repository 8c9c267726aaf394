// Retention: now and then what is older than a host keeps leaves its accounts' archives, a bounded piece at a time.
#pragma once

#include <memory>
#include <string>

#include "features/archive_state.h"

namespace features::archive {

/// One per shard, for the accounts that shard owns; lives as long as the registered steps.
class Expiry {
 public:
  explicit Expiry(const Archive& archive) : archive_(archive) {}
  /// Begins the first round after a while. On the shard's thread.
  void start();

 private:
  struct Found;

  void wait();
  void look_on();
  void on_found(base::Result<Found> found);
  void expire(const xmpp::Jid& owner, base::WallTime before);
  void update_start(const xmpp::Jid& owner, base::WallTime before);

  Archive archive_;
  base::Timer timer_;
  std::string after_;  // the last archive of this round that has nothing to remove
};

}  // namespace features::archive
