// Room names that nobody has used (XEP-0307).
#pragma once

#include "muc/behaviour.h"

namespace muc {

void add_unique(const Environment& environment);

}  // namespace muc
