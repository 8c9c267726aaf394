// "Am I still in it?" (XEP-0410).
#pragma once

#include "muc/behaviour.h"

namespace muc {

void add_self_ping(const Environment& environment);

}  // namespace muc
