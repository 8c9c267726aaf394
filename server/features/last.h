// XEP-0012: Last Activity.
#pragma once

#include "features/feature.h"

namespace features {

/// Tells who may see an account's presence when it was last available, and anybody how long the server has run. Writes
/// the time and the status when an account's last available session goes.
void add_last(const Environment& environment);

}  // namespace features
