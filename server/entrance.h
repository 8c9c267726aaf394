// What entrances of a process have in common: addresses and ports as the configuration has them.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

/// An address in numbers that only this machine reaches, or "localhost".
bool is_loopback(const std::string& host);

/// "192.0.2.1:80", "[2001:db8::1]:80"
std::string place(const std::string& address, std::uint16_t port);

/// `port` moved by `offset`; 0, for any free one, stays.
base::Result<std::uint16_t> shifted_port(std::uint16_t port, std::uint16_t offset);
