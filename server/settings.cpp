#include "settings.h"

#include <utility>
#include <vector>

#include "config.h"

router::SettingsRef make_settings(const Config& config) {
  std::vector<router::HostSettings> hosts;
  for (const HostConfig& host : config.hosts) {
    hosts.push_back({.domain = host.domain,
                     .archive = host.archive,
                     .registration = host.registration,
                     .offline_max_messages = host.offline_max_messages,
                     .admin_contacts = host.admin_contacts});
  }
  router::Limits limits;
  limits.login_max_stanza_bytes = config.limits.login_max_stanza_bytes;
  limits.max_stanza_bytes = config.limits.max_stanza_bytes;
  limits.max_connections_per_address = config.limits.max_connections_per_address;
  limits.failed_logins_per_minute = config.limits.failed_logins_per_minute;
  limits.tls_handshake = config.limits.tls_handshake;
  limits.stream_header = config.limits.stream_header;
  limits.login = config.limits.login;
  return base::make_ref<router::Settings>(std::move(hosts), limits);
}
