// Takes what can still be read of a damaged database into a new one.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace store {

struct Salvaged {
  std::int64_t rows = 0;        ///< copied
  std::int64_t tables_cut = 0;  ///< tables of which some rows could not be read
  std::string damaged_file;     ///< where the damaged file lies now: set aside, never deleted
};

/// Copies every readable row of the database at `path` into a new file, sets the damaged one aside as
/// `<path>.damaged-<number>` and puts the new one in its place. A crash on the way leaves the damaged file where it
/// was. Fails where not even the list of tables can be read. Blocks; at start-up only.
base::Result<Salvaged> salvage(const std::string& path);

}  // namespace store
