// What a room service and its rooms say about themselves (XEP-0045 6).
#pragma once

#include "muc/behaviour.h"

namespace muc {

void add_disco(const Environment& environment);

}  // namespace muc
