// A room's online meeting: whether it has one, under which name and who moderates there; the link comes from the token
// service (XEP-0483, router/token_service.h).
#pragma once

#include "muc/behaviour.h"

namespace muc {

void add_meeting(const Environment& environment);

}  // namespace muc
