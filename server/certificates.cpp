#include "certificates.h"

#include <filesystem>
#include <string>

#include "base/log.h"

namespace {

constexpr int kSelfSignedDays = 3650;  // nobody renews it

void log_problems(const std::vector<certs::Problem>& problems) {
  for (const certs::Problem& problem : problems) {
    base::log::warning("certificate", {{"file", problem.file}, {"problem", problem.reason}});
  }
}

base::Result<void> make_missing(const HostConfig& host, const certs::Files& files, base::WallTime now) {
  if (!host.certificate.empty()) return {};
  if (std::filesystem::exists(files.certificate) && std::filesystem::exists(files.key)) return {};
  base::log::info("certificate_made", {{"host", host.domain.str()}, {"file", files.certificate}});
  std::vector<std::string> also;  // a server that is asked for rooms proves itself by their name
  if (host.rooms) also.emplace_back(host.rooms.str());
  return certs::create_self_signed(host.domain.str(), files, now, kSelfSignedDays, also);
}

base::Result<CertificatesRef> load(std::vector<certs::Host> hosts, std::vector<std::string> alpn, base::WallTime now,
                                   certs::Clients clients) {
  std::vector<certs::Problem> problems;
  auto store = certs::Store::load(std::move(hosts), std::move(alpn), now, problems, clients);
  for (const certs::Problem& problem : problems) {
    if (!problem.warning()) return base::failure(problem.text());
  }
  log_problems(problems);
  return store;
}

}  // namespace

std::vector<certs::Host> certificate_hosts(const Config& config, const DataFolder& data) {
  std::vector<certs::Host> hosts;
  for (const HostConfig& host : config.hosts) {
    const std::string name(host.domain.str());
    const std::string own = data.path() + "/certs/" + name;
    hosts.push_back({name, host.certificate.empty() ? certs::Files{own + ".crt", own + ".key"}
                                                    : certs::Files{data.file(host.certificate), data.file(host.key)}});
  }
  return hosts;
}

std::vector<certs::Host> token_certificate_hosts(const Config& config, const DataFolder& data) {
  if (!config.tokens || !config.tokens->has_tls()) return {};
  if (config.tokens->certificate.empty()) return {certificate_hosts(config, data).front()};
  return {{config.tokens->domain, {data.file(config.tokens->certificate), data.file(config.tokens->key)}}};
}

base::Result<CertificatesRef> load_certificates(const Config& config, const DataFolder& data, base::WallTime now) {
  std::vector<certs::Host> hosts = certificate_hosts(config, data);
  if (hosts.empty()) return CertificatesRef();
  for (std::size_t i = 0; i < hosts.size(); ++i) {
    const auto made = make_missing(config.hosts[i], hosts[i].files, now);
    if (!made) return std::unexpected(made.error());
  }
  return load(std::move(hosts), {"xmpp-client"}, now, certs::Clients::not_asked);
}

// A client of HTTP names its own protocols in ALPN, one of the line protocol none: nothing is chosen.
base::Result<CertificatesRef> load_token_certificates(const Config& config, const DataFolder& data,
                                                      base::WallTime now) {
  std::vector<certs::Host> hosts = token_certificate_hosts(config, data);
  if (hosts.empty()) return CertificatesRef();
  return load(std::move(hosts), {}, now, certs::Clients::asked);
}

CertificatesRef reload_changed(const CertificatesRef& current, const std::vector<certs::Host>& hosts,
                               base::WallTime now) {
  std::vector<certs::Problem> problems;
  CertificatesRef next = current->reload(now, problems);
  log_problems(problems);
  for (const certs::Host& host : hosts) {
    if (next->choose(host.name) == current->choose(host.name)) continue;
    base::log::info("certificates_reloaded", {{"host", host.name}});
    return next;
  }
  return {};
}
