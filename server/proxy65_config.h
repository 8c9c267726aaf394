// <proxy65>: where files pass firewalls, as the configuration file has it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "config_reader.h"
#include "proxy65/settings.h"

/// One address that file transfers connect to.
struct ProxyListener {
  std::string address = "127.0.0.1";
  std::uint16_t port = 7777;
};

struct Proxy65Config {
  std::vector<ProxyListener> listeners;
  /// Its addresses are those of <public>, with port 0 for the first listener's; without any, clients are told of the
  /// listeners' ports at its domain.
  base::Ref<const proxy65::Settings> settings;
};

struct Config;

/// Reads the element and checks what it says by itself.
Proxy65Config read_proxy65(const ConfigReader& in);
/// Checks it against all else in the file, once that is read.
void check_proxy65(const ConfigReader& in, const Proxy65Config& proxy, const Config& config);

/// What is served once the listeners have these ports, at least one.
proxy65::SettingsRef served(const Proxy65Config& proxy, const std::vector<std::uint16_t>& ports);
