// Rooms in which only those with voice speak (XEP-0045 5.1, 7.4).
#pragma once

#include "muc/behaviour.h"

namespace muc {

void add_moderated(const Environment& environment);

}  // namespace muc
