// The configuration as the components see it.
#pragma once

#include "router/settings.h"

struct Config;

router::SettingsRef make_settings(const Config& config);
