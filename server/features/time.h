// XEP-0202: Entity Time.
#pragma once

#include "features/feature.h"

namespace features {

/// Tells the server's time, in UTC only: its time zone is nobody's business.
void add_time(const Environment& environment);

}  // namespace features
