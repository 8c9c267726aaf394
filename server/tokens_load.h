// From <tokens> to what the token service runs on: the files with secrets and keys are read, and judged.
#pragma once

#include <string>

#include "base/result.h"
#include "tokens_config.h"
#include "tokensvc/settings.h"

/// Relative file names begin in `folder`. An error names file, line, element and remedy. Any thread; blocks on disk.
base::Result<tokensvc::SettingsRef> load_tokens(const TokensConfig& config, const std::string& folder);
