// XEP-0115: Entity Capabilities of the server.
#pragma once

#include "features/feature.h"

namespace features {

/// Announces the fingerprint of the host's disco#info in `<stream:features/>`, so that clients need not ask each time.
void add_caps(const Environment& environment);

}  // namespace features
