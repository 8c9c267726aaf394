// The configuration as the components see it.
#pragma once

#include <cstdint>

#include "net/tcp_transport.h"
#include "router/settings.h"

struct Config;

/// Strangers never get more than half of the process's `descriptors`: the rest is for those who log in.
router::SettingsRef make_settings(const Config& config, std::uint64_t descriptors);

/// A resumed session is sent its whole queue at once, so the socket's has room for that and as much again.
net::TcpLimits tcp_limits(const router::Limits& limits);
