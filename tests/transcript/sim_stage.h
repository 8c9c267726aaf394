// The server inside the test process, on virtual time.
#pragma once

#include <cstddef>
#include <memory>

#include "transcript/stage.h"

namespace transcript {

struct SimOptions {
  std::size_t shards = 1;
  std::size_t chunk = 0;  ///< most bytes the server reads at once; 0 for all there are
};

std::unique_ptr<Stage> sim_stage(const SimOptions& options);

}  // namespace transcript
