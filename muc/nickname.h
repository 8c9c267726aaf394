// What may be a nickname at all (SECURITY M03). Who has one already is the room's to say: Room::holder().
#pragma once

#include "muc/behaviour.h"

namespace muc {

void add_nickname(const Environment& environment);

}  // namespace muc
