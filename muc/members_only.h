// Rooms for those on the member list (XEP-0045 7.2.6).
#pragma once

#include "muc/behaviour.h"

namespace muc {

void add_members_only(const Environment& environment);

}  // namespace muc
