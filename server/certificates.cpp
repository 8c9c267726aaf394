#include "certificates.h"

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "base/log.h"
#include "certs/expiry.h"
#include "certs/judge.h"
#include "certs/names.h"

namespace {

constexpr int kSelfSignedDays = 3650;  // nobody renews it

void log_problems(const std::vector<certs::Problem>& problems) {
  for (const certs::Problem& problem : problems) {
    if (problem.fault == certs::Fault::expired) continue;  // warn_of_expiry() has it
    base::log::warning("certificate", {{"file", problem.file}, {"problem", problem.reason}});
  }
}

base::Result<void> make_missing(std::string_view domain, const certs::Files& files, base::WallTime now,
                                const std::vector<std::string>& also = {}) {
  if (std::filesystem::exists(files.certificate) && std::filesystem::exists(files.key)) return {};
  base::log::info("certificate_made", {{"host", domain}, {"file", files.certificate}});
  return certs::create_self_signed(domain, files, now, kSelfSignedDays, also);
}

base::Result<void> make_missing(const HostConfig& host, const certs::Files& files, base::WallTime now) {
  if (!host.certificate.empty()) return {};
  std::vector<std::string> also;  // a server that is asked for rooms proves itself by their name
  if (host.rooms) also.emplace_back(host.rooms.str());
  return make_missing(host.domain.str(), files, now, also);
}

/// The configured files, or our own in the data folder.
certs::Host certificate_host(const xmpp::Jid& domain, const std::string& certificate, const std::string& key,
                             const DataFolder& data) {
  const std::string name(domain.str());
  const std::string own = data.path() + "/certs/" + name;
  return {name, certificate.empty() ? certs::Files{own + ".crt", own + ".key"}
                                    : certs::Files{data.file(certificate), data.file(key)}};
}

base::Result<CertificatesRef> load(std::vector<certs::Host> hosts, std::vector<std::string> alpn, base::WallTime now,
                                   certs::Clients clients, base::Ref<const certs::Authorities> authorities = {}) {
  std::vector<certs::Problem> problems;
  auto store = certs::Store::load(std::move(hosts), std::move(alpn), now, problems, clients, std::move(authorities));
  for (const certs::Problem& problem : problems) {
    if (!problem.warning()) return base::failure(problem.text());
  }
  log_problems(problems);
  return store;
}

}  // namespace

std::vector<certs::Host> certificate_hosts(const Config& config, const DataFolder& data) {
  std::vector<certs::Host> hosts;
  hosts.reserve(config.hosts.size());
  for (const HostConfig& host : config.hosts)
    hosts.push_back(certificate_host(host.domain, host.certificate, host.key, data));
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
  auto loaded = load(hosts, {"xmpp-client"}, now, certs::Clients::not_asked);
  if (loaded) warn_of_expiry(**loaded, hosts, now);
  return loaded;
}

// A client of HTTP names its own protocols in ALPN, one of the line protocol none: nothing is chosen.
base::Result<CertificatesRef> load_token_certificates(const Config& config, const DataFolder& data,
                                                      base::WallTime now) {
  std::vector<certs::Host> hosts = token_certificate_hosts(config, data);
  if (hosts.empty()) return CertificatesRef();
  auto loaded = load(hosts, {}, now, certs::Clients::asked);
  if (loaded && !config.tokens->certificate.empty()) warn_of_expiry(**loaded, hosts, now);
  return loaded;
}

std::vector<certs::Host> federation_certificate_hosts(const Config& config, const DataFolder& data) {
  std::vector<certs::Host> hosts = certificate_hosts(config, data);
  for (std::size_t i = 0; i < config.hosts.size(); ++i)
    if (const xmpp::Jid& rooms = config.hosts[i].rooms) hosts.push_back({std::string(rooms.str()), hosts[i].files});
  return hosts;
}

base::Result<CertificatesRef> load_federation_certificates(const Config& config, const DataFolder& data,
                                                           base::WallTime now,
                                                           base::Ref<const certs::Authorities> authorities) {
  if (!config.federation) return CertificatesRef();
  return load(federation_certificate_hosts(config, data), {"xmpp-server"}, now, certs::Clients::judged,
              std::move(authorities));
}

std::vector<certs::Host> upload_certificate_hosts(const Config& config, const DataFolder& data) {
  if (!config.upload || !config.upload->has_tls()) return {};
  return {certificate_host(config.upload->terms.domain, config.upload->certificate, config.upload->key, data)};
}

base::Result<CertificatesRef> load_upload_certificates(const Config& config, const DataFolder& data,
                                                       base::WallTime now) {
  std::vector<certs::Host> hosts = upload_certificate_hosts(config, data);
  if (hosts.empty()) return CertificatesRef();
  if (config.upload->certificate.empty())
    if (auto made = make_missing(hosts.front().name, hosts.front().files, now); !made)
      return std::unexpected(made.error());
  auto loaded = load(hosts, {}, now, certs::Clients::not_asked);
  if (loaded) warn_of_expiry(**loaded, hosts, now);
  return loaded;
}

CertificatesRef reload_changed(const CertificatesRef& current, const std::vector<certs::Host>& hosts,
                               base::WallTime now) {
  std::vector<certs::Problem> problems;
  CertificatesRef next = current->reload(now, problems);
  log_problems(problems);
  for (const certs::Host& host : hosts) {
    if (next->choose(host.name) == current->choose(host.name)) continue;
    base::log::info("certificates_reloaded", {{"host", host.name}});
    warn_of_expiry(*next, hosts, now);
    return next;
  }
  return {};
}

void warn_of_expiry(const certs::Store& served, const std::vector<certs::Host>& hosts, base::WallTime now) {
  for (const certs::Host& host : hosts) {
    const auto warning = certs::expiry_warning(served.choose(host.name)->expires(), now);
    if (!warning) continue;
    const bool urgent = warning->urgency == certs::Urgency::day || warning->urgency == certs::Urgency::over;
    const auto log = urgent ? base::log::error : base::log::warning;
    log("certificate_expires", {{"host", host.name}, {"file", host.files.certificate}, {"problem", warning->text}});
  }
}

nlohmann::json list_certificates(const certs::Store& served, const Config& config, const DataFolder& data) {
  const std::vector<certs::Host> hosts = certificate_hosts(config, data);
  nlohmann::json all = nlohmann::json::array();
  for (std::size_t i = 0; i < hosts.size(); ++i) {
    const certs::Host& host = hosts[i];
    const base::Ref<certs::Context>& context = served.choose(host.name);
    const X509& certificate = *SSL_CTX_get0_certificate(context->get());
    const auto expires = std::chrono::duration_cast<std::chrono::seconds>(context->expires().time_since_epoch());
    nlohmann::json also = nlohmann::json::array();
    if (config.hosts[i].rooms) also.push_back(config.hosts[i].rooms.str());
    all.push_back({{"host", host.name},
                   {"also", std::move(also)},
                   {"certificate", host.files.certificate},
                   {"key", host.files.key},
                   {"names", certs::names_of(certificate)},
                   {"issuer", certs::issuer(certificate)},
                   {"self_signed", certs::is_self_signed(certificate)},
                   {"expires", expires.count()}});
  }
  return {{"certificates", std::move(all)}};
}
