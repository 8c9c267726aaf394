// XEP-0199: XMPP Ping.
#pragma once

#include "features/feature.h"

namespace features {

/// Answers for the server and on behalf of local accounts.
void add_ping(const Environment& environment);

}  // namespace features
