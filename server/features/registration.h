// XEP-0077: In-Band Registration.
#pragma once

#include "features/feature.h"

namespace features {

/// Lets who is logged in change the password or cancel the account. Making accounts is the client connection's
/// business.
void add_registration(const Environment& environment);

}  // namespace features
