// <federation>: whom this server federates with, as the configuration file has it; lists of domains are still names of
// files.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "config_reader.h"
#include "s2s/policy.h"

/// One address that other servers connect to.
struct ServerListener {
  std::string address = "127.0.0.1";
  std::uint16_t port = 5269;
  bool direct_tls = false;  ///< TLS from the first byte (XEP-0368)
};

struct FederationConfig {
  /// Files with one domain a line; empty: none.
  struct Lists {
    std::string where;  ///< for complaints: file, line, element
    std::string allow_file, block_file;
  };

  std::vector<ServerListener> listeners;
  s2s::Policy::Parts policy;   ///< all but what the lists say
  std::string dnssec_anchors;  ///< file of the DNS's root keys; empty: nothing is proved by DNSSEC
  Lists lists;
  std::map<std::string, Lists> host_lists;  ///< by host
};

struct Config;

/// Reads the element and checks what it says by itself.
FederationConfig read_federation(const ConfigReader& in);
/// Checks it against all else in the file, once that is read.
void check_federation(const ConfigReader& in, const FederationConfig& federation, const Config& config);
/// Reads the lists, at start and at each reload. Relative file names begin in `folder`. An error names file, line and
/// remedy. Any thread; blocks on disk.
base::Result<s2s::PolicyRef> load_federation(const FederationConfig& federation, const std::string& folder);
