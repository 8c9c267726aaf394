// How much one person may send to a room, and all together: messages, bytes, presence (SECURITY M06).
#pragma once

#include "muc/behaviour.h"

namespace muc {

void add_pace(const Environment& environment);

}  // namespace muc
