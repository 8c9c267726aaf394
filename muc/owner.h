// A room's configuration and its end (XEP-0045 10).
#pragma once

#include "muc/behaviour.h"

namespace muc {

void add_owner(const Environment& environment);

}  // namespace muc
