// XEP-0352: Client State Indication.
#pragma once

#include "features/feature.h"

namespace features {

/// While a client is inactive, presence and bare chat states wait, the newest of each sender only. Anything else, too
/// many of them, or activity sends them first, so that order is kept.
void add_csi(const Environment& environment);

}  // namespace features
