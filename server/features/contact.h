// XEP-0157: Contact Addresses for XMPP Services.
#pragma once

#include "features/feature.h"

namespace features {

/// Shows each host's administrators in its disco#info.
void add_contact(const Environment& environment);

}  // namespace features
