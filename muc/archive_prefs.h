// Archiving preferences asked of a room (XEP-0441): whether it keeps what is said is its owners' to say, for everybody.
#pragma once

#include "muc/behaviour.h"

namespace muc {

/// `archives`: whether a room keeps what is said.
void add_archive_prefs(const Environment& environment, Field<bool> archives);

}  // namespace muc
