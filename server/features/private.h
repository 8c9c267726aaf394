// XEP-0049: Private XML Storage.
#pragma once

#include "features/feature.h"

namespace features {

/// Keeps elements for the account's own clients, by namespace and name, within Limits::private_bytes each and
/// Limits::private_total_bytes in all.
void add_private(const Environment& environment);

}  // namespace features
