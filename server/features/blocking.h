// XEP-0191: Blocking Command.
#pragma once

#include "features/feature.h"

namespace features {

/// Keeps each account's block list, holds back what blocked addresses send and what is sent to them, and shows them
/// unavailable presence. Up to Limits::blocked_addresses.
void add_blocking(const Environment& environment);

}  // namespace features
