// How much of its archive a room keeps: never more than its service, which removes the rest with everybody's
// (server/features/archive_expiry).
#pragma once

#include "muc/behaviour.h"

namespace muc {

void add_archive_retention(const Environment& environment);

}  // namespace muc
