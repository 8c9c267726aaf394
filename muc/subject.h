// What a room talks about (XEP-0045 7.2.15, 7.3, 8.1).
#pragma once

#include "muc/behaviour.h"

namespace muc {

void add_subject(const Environment& environment);

}  // namespace muc
