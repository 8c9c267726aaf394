// Presence only on demand in large rooms: docs/muc.md says who is shown to whom.
#pragma once

#include "muc/behaviour.h"

namespace muc {

void add_presence_limit(const Environment& environment);

}  // namespace muc
