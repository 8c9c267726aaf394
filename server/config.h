// The configuration file: one XML document, checked as a whole before anything starts (docs/config.md,
// docs/exedra.xsd).
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "xmpp/jid.h"

/// One address that clients connect to.
struct ClientListener {
  std::string address = "127.0.0.1";
  std::uint16_t port = 5222;
  bool direct_tls = false;       ///< TLS from the first byte (XEP-0368)
  bool plaintext_login = false;  ///< SASL without TLS; loopback addresses only
};

/// One virtual host.
struct HostConfig {
  xmpp::Jid domain;
  std::string certificate;  ///< PEM chain; empty for a self-signed one made at first start
  std::string key;
  bool archive = true;
  bool registration = false;
  std::uint32_t offline_max_messages = 500;
  std::vector<std::string> admin_contacts;  ///< XEP-0157, as URIs
};

struct LimitsConfig {
  std::size_t login_max_stanza_bytes = 16 * 1024;
  std::size_t max_stanza_bytes = 256 * 1024;
  std::uint32_t max_connections_per_address = 500;
  std::uint32_t failed_logins_per_minute = 30;  ///< per address
  std::chrono::seconds tls_handshake{10};
  std::chrono::seconds stream_header{30};
  std::chrono::seconds login{60};
};

enum class Durability : std::uint8_t { process, power };

struct Config {
  base::log::Level log_level = base::log::Level::info;
  std::string log_file;      ///< empty: standard error
  std::uint16_t shards = 0;  ///< 0: one per core
  Durability durability = Durability::process;
  std::vector<ClientListener> client_listeners;
  std::vector<HostConfig> hosts;
  LimitsConfig limits;
};

/// Reads and checks `text`. An error is one line: `file`, line, element, what is wrong, and the remedy.
base::Result<Config> parse_config(std::string_view text, std::string_view file);
