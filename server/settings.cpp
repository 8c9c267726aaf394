#include "settings.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "config.h"

namespace {

bool has_meetings(const Config& config, const xmpp::Jid& domain) {
  return config.tokens && std::ranges::find(config.tokens->rules, domain.str(), &tokensvc::MeetingRule::domain) !=
                              config.tokens->rules.end();
}

}  // namespace

router::SettingsRef make_settings(const Config& config, std::uint64_t descriptors) {
  std::vector<router::HostSettings> hosts;
  hosts.reserve(config.hosts.size());
  for (const HostConfig& host : config.hosts) {
    hosts.push_back({.domain = host.domain,
                     .archive = host.archive,
                     .retention = host.retention,
                     .classes = host.classes,
                     .registration = host.registration,
                     .offline_max_messages = host.offline_max_messages,
                     .admin_contacts = host.admin_contacts,
                     .rooms = host.rooms,
                     .meetings = has_meetings(config, host.domain)});
  }
  router::Limits limits = config.limits;
  limits.max_unauthenticated =
      static_cast<std::uint32_t>(std::min<std::uint64_t>(limits.max_unauthenticated, descriptors / 2));
  limits.out_queue_bytes = tcp_limits(limits).queue;
  std::vector<router::RoomService> rooms = config.rooms;
  for (router::RoomService& service : rooms) {
    service.history = std::min(service.history, limits.room_history);
    service.meetings = has_meetings(config, service.domain);
  }
  std::vector<xmpp::Jid> services;
  if (config.proxy65) services.push_back(config.proxy65->settings->domain);
  if (config.upload) services.push_back(config.upload->terms.domain);
  return base::make_ref<router::Settings>(std::move(hosts), limits, std::move(rooms), std::move(services));
}

net::TcpLimits tcp_limits(const router::Limits& limits) {
  return {std::max(limits.out_queue_bytes, 2 * limits.sm_queue_bytes), limits.tls_handshake, limits.close};
}
