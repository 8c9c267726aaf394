// How many occupants a room takes (XEP-0045 7.2.9).
#pragma once

#include "muc/behaviour.h"

namespace muc {

void add_max_users(const Environment& environment);

}  // namespace muc
