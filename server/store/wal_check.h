// What a crash or a bad disk left in SQLite's write-ahead log. SQLite drops everything from the first bad frame on,
// which is right, but it does so in silence; an operator should know.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

namespace store {

struct WalDamage {
  std::size_t first_frame = 0;  ///< counted from 1
  std::size_t lost_frames = 0;  ///< frames of this log from there on, which are not applied
};

/// Looks at `database` + "-wal" before the database is opened. Nothing if there is no log or all of it is sound.
/// Format: https://www.sqlite.org/fileformat2.html#walformat, section 4. Blocks on disk.
std::optional<WalDamage> find_wal_damage(const std::string& database);

}  // namespace store
