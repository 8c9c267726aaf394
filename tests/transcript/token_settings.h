// The token service that simulated servers may have: one key, one caller, meetings on example.org and its rooms.
#pragma once

#include "tokensvc/settings.h"

namespace transcript {

inline constexpr const char* kTokenSecret = "0123456789abcdef0123456789abcdef";  // HS256

/// To be changed before it is handed to a server.
base::Ref<tokensvc::Settings> token_settings();

}  // namespace transcript
