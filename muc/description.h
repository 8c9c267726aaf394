// What a room is called and said to be, and whether lists show it (XEP-0045 6.3, 6.4).
#pragma once

#include "muc/behaviour.h"

namespace muc {

void add_description(const Environment& environment);

}  // namespace muc
