// Tells one person from another whatever nickname they use, without saying who they are (XEP-0421).
#pragma once

#include "muc/behaviour.h"

namespace muc {

void add_occupant_id(const Environment& environment);

}  // namespace muc
