// The one list of what rooms do.
#pragma once

#include "muc/behaviour.h"

namespace muc {

/// Registers every behaviour. Steps run in the order of the list.
void add_behaviours(const Environment& environment);

}  // namespace muc
