// Visitors ask for voice, moderators approve (XEP-0045 7.13, 8.6).
#pragma once

#include "muc/behaviour.h"

namespace muc {

void add_voice(const Environment& environment);

}  // namespace muc
