// XEP-0280: Message Carbons.
#pragma once

#include "features/feature.h"

namespace features {

/// Copies instant messages to those of an account's sessions that asked for it and did not take part. Its inbound step
/// removes forged copies, so it stands before archive in the list.
void add_carbons(const Environment& environment);

}  // namespace features
