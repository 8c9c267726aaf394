// Owners and admins as fields of the configuration form (XEP-0045 10.1.3, 16.5.3).
#pragma once

#include "muc/behaviour.h"

namespace muc {

void add_owner_lists(const Environment& environment);

}  // namespace muc
