// XEP-0092: Software Version.
#pragma once

#include "features/feature.h"

namespace features {

/// Tells name and version of the server, never the operating system (section 4).
void add_version(const Environment& environment);

}  // namespace features
