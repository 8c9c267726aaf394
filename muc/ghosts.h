// Sessions that went without a word: who sent nothing for long is asked whether it is there (SECURITY M06).
#pragma once

#include "muc/behaviour.h"

namespace muc {

void add_ghosts(const Environment& environment);

}  // namespace muc
