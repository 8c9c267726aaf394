// Messages taken back: by who said them (XEP-0424), or by a moderator (XEP-0425).
#pragma once

#include "muc/behaviour.h"

namespace muc {

/// Stands before the step that archives. `archives`: whether a room has an archive, without which its messages have no
/// ids.
void add_retraction(const Environment& environment, Field<bool> archives);

}  // namespace muc
