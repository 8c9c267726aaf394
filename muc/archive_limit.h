// A room's archive keeps its newest messages only, where the configuration says so.
#pragma once

#include "muc/behaviour.h"

namespace muc {

void add_archive_limit(const Environment& environment);

/// The time before which an archive's messages are more than `keep`, as far as the first `step` of them tell; nothing
/// where there are no more. What has an id up to `behind` is an earlier room's.
base::Result<std::optional<base::WallTime>> end_of_excess(store::Reader& reader, const std::string& owner,
                                                          std::int64_t behind, std::size_t keep, std::size_t step);

}  // namespace muc
