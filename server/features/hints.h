// XEP-0334: Message Processing Hints.
#pragma once

#include "features/feature.h"

namespace features {

/// Tells the later steps whether a message may be stored and copied. Stands before archive, carbons and offline store
/// in the list.
void add_hints(const Environment& environment);

}  // namespace features
