// Who is shown the occupants' addresses (XEP-0045 7.2.3, 7.2.4).
#pragma once

#include "muc/behaviour.h"

namespace muc {

void add_whois(const Environment& environment);

}  // namespace muc
