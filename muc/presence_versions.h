// Versions of who is in a room, so that clients which come back learn only what changed (XEP-0436).
#pragma once

#include "muc/behaviour.h"

namespace muc {

void add_presence_versions(const Environment& environment);

}  // namespace muc
