// Invitations that a room passes on, and answers to them (XEP-0045 7.8.2).
#pragma once

#include "muc/behaviour.h"

namespace muc {

void add_invitations(const Environment& environment);

}  // namespace muc
