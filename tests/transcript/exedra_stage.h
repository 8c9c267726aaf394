// The real program as the server: started on free ports with a data folder of its own, reached over TCP.
#pragma once

#include <memory>
#include <string>

#include "transcript/stage.h"

namespace transcript {

/// `programs` is the folder that holds exedra and exedractl. Null where they are not built.
std::unique_ptr<Stage> exedra_stage(const std::string& programs);

}  // namespace transcript
