// Registering with a room, and the nicknames reserved thereby (XEP-0045 7.10, 7.2.8).
#pragma once

#include "muc/behaviour.h"

namespace muc {

void add_registration(const Environment& environment);

}  // namespace muc
