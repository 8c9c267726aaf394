// Who retracts a message takes back the files that it spoke of (XEP-0424, XEP-0363).
#pragma once

#include "features/feature.h"

namespace features {

void add_upload_retraction(const Environment& environment);

}  // namespace features
