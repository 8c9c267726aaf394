// Retention: now and then what is too old, too many or too much leaves the archives of accounts and rooms, a bounded
// piece at a time.
#pragma once

#include <optional>
#include <string>

#include "features/archive_state.h"
#include "store/reader.h"

namespace features::archive {

/// One per shard, for the archives that shard owns; lives as long as the registered steps.
class Expiry {
 public:
  explicit Expiry(const Archive& archive) : archive_(archive) {}
  /// Begins the first round after a while. On the shard's thread.
  void start();

 private:
  /// How far a round has come.
  struct Place {
    std::string after;               ///< the last archive that has nothing to remove
    std::string within = {};         ///< the one in which a piece ended, or empty …
    store::ArchiveTally tally = {};  ///< … and how far that is counted
  };
  /// What goes: all before a time, or up to an id.
  struct Due {
    xmpp::Jid owner;
    std::optional<base::WallTime> before;
    std::int64_t upto = 0;
  };
  struct Found;
  class Piece;
  using Span = std::optional<store::ArchiveSpan>;

  void wait();
  void look_on();
  void on_found(base::Result<Found> found);
  void remove(const Due& due);
  void on_removed(const Due& due, const Span& left);
  void update_start(const Due& due, const Span& left);
  void pause(base::Fn<void()> then);
  void fail(const base::Error& why);

  Archive archive_;
  base::Timer timer_;
  Place place_;
};

}  // namespace features::archive
