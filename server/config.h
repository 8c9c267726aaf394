// The configuration file: one XML document, checked as a whole before anything starts (docs/config.md,
// docs/exedra.xsd).
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "federation_config.h"
#include "proxy65_config.h"
#include "router/settings.h"
#include "tokens_config.h"
#include "upload_config.h"
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
  xmpp::Jid rooms;          ///< its room service; empty for none
  std::string certificate;  ///< PEM chain; empty for a self-signed one made at first start
  std::string key;
  bool archive = true;
  router::Retention retention;
  std::vector<router::AccountClass> classes;
  bool registration = false;
  std::uint32_t offline_max_messages = 500;
  std::vector<std::string> admin_contacts;  ///< XEP-0157, as URIs
};

enum class Durability : std::uint8_t { process, power };

struct Config {
  base::log::Level log_level = base::log::Level::info;
  std::string log_file;      ///< empty: standard error
  std::uint16_t shards = 0;  ///< 0: one per core
  Durability durability = Durability::process;
  std::vector<ClientListener> client_listeners;
  std::vector<HostConfig> hosts;
  std::vector<router::RoomService> rooms;  ///< every address that a host names, once
  router::Limits limits;
  std::optional<FederationConfig> federation;  ///< absent: this server speaks with no other
  std::optional<TokensConfig> tokens;          ///< the token service, where there is one
  std::optional<Proxy65Config> proxy65;        ///< where files pass firewalls
  std::optional<UploadConfig> upload;          ///< where files are put for others
};

/// Reads and checks `text`. An error is one line: `file`, line, element, what is wrong, and the remedy.
base::Result<Config> parse_config(std::string_view text, std::string_view file);
