#include "federation.h"

#include <utility>

namespace {

net::DnsOptions dns_options(const FederationConfig& config) {
  net::DnsOptions options;
  if (const auto& dns = config.policy.dns) options.servers.push_back({dns->address, dns->port});
  options.deadline = config.policy.limits.dns;
  return options;
}

}  // namespace

Federation::Federation(net::AsioLoop& home, net::DnsOptions options, const std::string& secret, base::Executor& threads)
    : unbound_(home, std::move(options)),
      resolver_(threads),
      keys_(base::Secret("dialback " + secret)),
      seams_{{}, keys_, {}, {}} {}

base::Result<std::unique_ptr<Federation>> Federation::open(const FederationConfig& config, const std::string& folder,
                                                           const std::string& secret,
                                                           const std::vector<std::unique_ptr<net::AsioLoop>>& loops,
                                                           base::Executor& threads) {
  auto policy = load_federation(config, folder);
  if (!policy) return std::unexpected(policy.error());
  auto authorities = certs::Authorities::system();
  if (!authorities) return std::unexpected(authorities.error());
  auto trust = net::TlsTrust::judged_later(*authorities);
  if (!trust) return std::unexpected(trust.error());
  std::unique_ptr<Federation> made(new Federation(*loops.front(), dns_options(config), secret, threads));
  made->authorities_ = std::move(*authorities);
  made->seams_.trust = std::move(*trust);
  made->seams_.policy = std::move(*policy);
  for (const auto& loop : loops) {
    made->dns_.push_back(std::make_unique<net::UnboundDns>(*loop, made->unbound_));
    made->dialers_.push_back(std::make_unique<net::TcpDialer>(*loop, made->resolver_));
    made->seams_.shards.push_back({*made->dns_.back(), *made->dialers_.back()});
  }
  return made;
}
