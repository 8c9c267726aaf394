// Rooms that stay when nobody is in them (XEP-0045 4.2).
#pragma once

#include "muc/behaviour.h"

namespace muc {

void add_persistent(const Environment& environment);

}  // namespace muc
