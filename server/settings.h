// The configuration as the components see it.
#pragma once

#include "net/tcp_transport.h"
#include "router/settings.h"

struct Config;

router::SettingsRef make_settings(const Config& config);

/// A resumed session is sent its whole queue at once, so the socket's has room for that and as much again.
net::TcpLimits tcp_limits(const router::Limits& limits);
