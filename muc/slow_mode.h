// One message every so many seconds (XEP-0500).
#pragma once

#include "muc/behaviour.h"

namespace muc {

/// Stands behind whatever refuses a message, so that only what is said counts.
void add_slow_mode(const Environment& environment);

}  // namespace muc
