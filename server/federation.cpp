#include "federation.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace {

/// Relative file names begin in `folder`.
base::Result<net::DnsOptions> dns_options(const FederationConfig& config, const std::string& folder) {
  net::DnsOptions options;
  if (const std::string& anchors = config.dnssec_anchors; !anchors.empty()) {
    options.trust_anchors = anchors.starts_with('/') ? anchors : folder + '/' + anchors;
    if (access(options.trust_anchors.c_str(), R_OK) != 0)
      return base::failure("<federation>: reading " + options.trust_anchors + ": " + std::strerror(errno) +
                           "; Debian's package dns-root-data has /usr/share/dns/root.key");
  }
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
  auto options = dns_options(config, folder);
  if (!options) return std::unexpected(options.error());
  std::unique_ptr<Federation> made(new Federation(*loops.front(), *std::move(options), secret, threads));
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
