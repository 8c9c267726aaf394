// Roles and affiliations on request (XEP-0045 8, 9).
#pragma once

#include "muc/behaviour.h"

namespace muc {

void add_admin(const Environment& environment);

}  // namespace muc
