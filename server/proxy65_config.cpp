#include "proxy65_config.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "config.h"
#include "router/token_service.h"

namespace {

using Reader = ConfigReader;

constexpr std::uint16_t kMostPort = std::numeric_limits<std::uint16_t>::max();
constexpr std::size_t kMostAddresses = 16;
constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 50U;
constexpr std::uint32_t kMostStreams = 100'000;
constexpr std::uint64_t kLeastRate = 1024;  // bytes a second; with less, nothing ever gets through

std::uint64_t read_rate(const Reader& in, std::string_view name) {
  const auto rate = in.number<std::uint64_t>(name, 0, 0, kMostBytes);
  if (rate > 0 && rate < kLeastRate)
    in.complain("'" + std::string(name) + "' is less than 1024 bytes a second; give more, or 0 for any");
  return rate;
}

ProxyListener read_listener(const Reader& in) {
  in.only({"address", "port"}, {});
  ProxyListener listener;
  listener.address = in.text("address", listener.address);
  listener.port = in.number<std::uint16_t>("port", listener.port, 0, kMostPort);
  return listener;
}

proxy65::Address read_address(const Reader& in) {
  in.only({"host", "port"}, {});
  return {in.required("host"), in.number<std::uint16_t>("port", 0, 1, kMostPort)};
}

}  // namespace

Proxy65Config read_proxy65(const Reader& in) {
  in.only({"domain", "name", "domains", "streams", "streams-per-user", "bytes-per-second", "bytes-per-second-per-user",
           "stream-bytes", "idle-seconds", "total-seconds"},
          {"listen", "public"});
  Proxy65Config proxy;
  auto settings = base::make_ref<proxy65::Settings>();
  settings->domain = in.domain("domain");
  settings->name = in.text("name", settings->name);
  for (const std::string& word : in.words("domains")) {
    const auto domain = xmpp::Jid::parse(word);
    if (!domain || !domain->is_domain()) in.complain("'" + word + "' in 'domains' is no domain; correct it");
    settings->domains.push_back(*domain);
  }
  settings->streams = in.number("streams", settings->streams, 1, kMostStreams);
  settings->streams_per_user = in.number("streams-per-user", settings->streams_per_user, 1, kMostStreams);
  settings->bytes_per_second = read_rate(in, "bytes-per-second");
  settings->bytes_per_second_per_user = read_rate(in, "bytes-per-second-per-user");
  settings->stream_bytes = in.number<std::uint64_t>("stream-bytes", 0, 0, kMostBytes);
  settings->idle = std::chrono::seconds(in.number("idle-seconds", settings->idle.count(), 1, 86'400));
  settings->total = std::chrono::seconds(in.number("total-seconds", settings->total.count(), 1, 31 * 86'400));
  for (const xml::Element& child : xml::children(in.element())) {
    if (child.name() == "listen") {
      proxy.listeners.push_back(read_listener(in.at(child)));
    } else {
      settings->addresses.push_back(read_address(in.at(child)));
    }
  }
  if (proxy.listeners.empty()) in.complain("nobody can connect; add <listen address='…' port='7777'/>");
  if (proxy.listeners.size() > kMostAddresses || settings->addresses.size() > kMostAddresses)
    in.complain("it has too many addresses; 16 at most");
  proxy.settings = settings;
  return proxy;
}

void check_proxy65(const Reader& in, const Proxy65Config& proxy, const Config& config) {
  const xmpp::Jid& domain = proxy.settings->domain;
  const bool taken = domain.str() == router::kTokenService ||
                     std::ranges::find(config.hosts, domain, &HostConfig::domain) != config.hosts.end() ||
                     std::ranges::find(config.rooms, domain, &router::RoomService::domain) != config.rooms.end();
  if (taken) in.complain("'" + std::string(domain.str()) + "' is taken already; give another 'domain'");
  if (config.hosts.empty()) in.complain("there is nobody to use it; add <host domain='…'/>");
}

proxy65::SettingsRef served(const Proxy65Config& proxy, const std::vector<std::uint16_t>& ports) {
  proxy65::Terms terms = *proxy.settings;
  for (proxy65::Address& address : terms.addresses)
    if (address.port == 0) address.port = ports.front();
  if (terms.addresses.empty()) {
    for (const std::uint16_t port : ports) {
      const proxy65::Address address{std::string(terms.domain.str()), port};
      if (std::ranges::find(terms.addresses, address) == terms.addresses.end()) terms.addresses.push_back(address);
    }
  }
  return base::make_ref<proxy65::Settings>(std::move(terms));
}
