// XEP-0054: vcard-temp.
#pragma once

#include "features/feature.h"

namespace features {

/// Keeps each account's vCard, up to Limits::private_bytes, and shows it to whoever asks.
void add_vcard(const Environment& environment);

}  // namespace features
