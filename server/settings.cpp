#include "settings.h"

#include <utility>
#include <vector>

#include "config.h"

router::SettingsRef make_settings(const Config& config) {
  std::vector<router::HostSettings> hosts;
  for (const HostConfig& host : config.hosts) {
    hosts.push_back({.domain = host.domain,
                     .archive = host.archive,
                     .archive_days = host.archive_days,
                     .registration = host.registration,
                     .offline_max_messages = host.offline_max_messages,
                     .admin_contacts = host.admin_contacts});
  }
  return base::make_ref<router::Settings>(std::move(hosts), config.limits);
}
