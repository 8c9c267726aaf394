// A room waits for its first configuration, and nobody but its owner enters (XEP-0045 7.2.10, 10.1).
#pragma once

#include "muc/behaviour.h"

namespace muc {

void add_lock(const Environment& environment);

}  // namespace muc
