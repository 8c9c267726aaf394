// Prosody as the server, to prove that transcripts ask for what XMPP says and not for what Exedra happens to do.
#pragma once

#include <memory>

#include "transcript/stage.h"

namespace transcript {

/// Null where it is not installed.
std::unique_ptr<Stage> prosody_stage();

}  // namespace transcript
