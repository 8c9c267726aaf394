// Whose presence the others see (XEP-0045 7.2.2).
#pragma once

#include "muc/behaviour.h"

namespace muc {

void add_presence_broadcast(const Environment& environment);

}  // namespace muc
