// Slots that another web server takes the files for, signed as Prosody's http_upload_external has it (its v2).
#pragma once

#include "web/settings.h"
#include "web/uploads.h"

namespace web {

Urls external_urls(const External& external, const Slot& slot);

}  // namespace web
