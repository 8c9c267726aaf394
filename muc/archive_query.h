// Questions to a room's archive (XEP-0313 4, 5).
#pragma once

#include "muc/behaviour.h"

namespace muc {

/// `archives`: whether a room has an archive to ask.
void add_archive_queries(const Environment& environment, Field<bool> archives);

}  // namespace muc
