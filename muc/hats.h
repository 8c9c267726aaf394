// What people are in a room beside their affiliation (XEP-0317).
#pragma once

#include "muc/behaviour.h"

namespace muc {

void add_hats(const Environment& environment);

}  // namespace muc
