// Who may send private messages (XEP-0045 7.5).
#pragma once

#include "muc/behaviour.h"

namespace muc {

void add_private_messages(const Environment& environment);

}  // namespace muc
