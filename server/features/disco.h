// XEP-0030: Service Discovery of the server and of accounts.
#pragma once

#include "features/feature.h"

namespace features {

/// Answers from what is registered, so that everything that is handled is advertised and nothing else. An account is
/// shown to those who may see its presence.
void add_disco(const Environment& environment);

}  // namespace features
