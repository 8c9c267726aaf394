// Who may see the list of members (XEP-0045 7.11).
#pragma once

#include "muc/behaviour.h"

namespace muc {

void add_member_list(const Environment& environment);

}  // namespace muc
