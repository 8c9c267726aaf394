// Plays one transcript on one stage.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "transcript/script.h"
#include "transcript/stage.h"

namespace transcript {

/// Throws Failure at the first line the server does not follow.
void play(const Script& script, Stage& stage);

}  // namespace transcript
