// Rooms that are entered with a password (XEP-0045 7.2.5).
#pragma once

#include "muc/behaviour.h"

namespace muc {

void add_password(const Environment& environment);

}  // namespace muc
