#include "upload_config.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <utility>

#include "config.h"
#include "config_files.h"
#include "entrance.h"
#include "router/token_service.h"
#include "xmpp/domain.h"

namespace {

using Reader = ConfigReader;

constexpr std::uint16_t kMostPort = std::numeric_limits<std::uint16_t>::max();
constexpr std::uint16_t kHttps = 443;
constexpr std::size_t kMostListeners = 16;
constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 50U;
constexpr std::uint64_t kMostDays = 36'500;
constexpr std::size_t kLeastSecret = 16;

UploadListener read_listener(const Reader& in) {
  in.only({"address", "port", "tls"}, {});
  UploadListener listener;
  listener.address = in.text("address", listener.address);
  listener.port = in.number<std::uint16_t>("port", listener.port, 0, kMostPort);
  listener.tls = in.flag("tls", listener.tls);
  if (!listener.tls && !is_loopback(listener.address))
    in.complain("files would pass through the network in the clear; remove tls='false', or listen on loopback");
  return listener;
}

/// XEP-0363 4: it has to be https.
std::string read_url(const Reader& in) {
  const std::string url = in.text("url");
  if (!url.empty() && !url.starts_with("https://"))
    in.complain("'" + url + "' is no address of the web with TLS; begin it with https://");
  return url;
}

}  // namespace

bool UploadConfig::has_tls() const { return std::ranges::any_of(listeners, &UploadListener::tls); }

UploadConfig read_upload(const Reader& in) {
  in.only({"domain", "name", "url", "max-file-bytes", "bytes-per-user", "daily-bytes-per-user", "message-days",
           "profile-days", "permanent", "certificate", "key"},
          {"listen", "external"});
  UploadConfig upload;
  web::Terms& terms = upload.terms;
  terms.domain = in.domain("domain");
  terms.name = in.text("name", terms.name);
  terms.url = read_url(in);
  while (terms.url.ends_with('/')) terms.url.pop_back();
  terms.file_bytes = in.number("max-file-bytes", terms.file_bytes, 1, kMostBytes);
  terms.user_bytes = in.number("bytes-per-user", terms.user_bytes, 0, kMostBytes);
  terms.user_daily_bytes = in.number("daily-bytes-per-user", terms.user_daily_bytes, 0, kMostBytes);
  terms.message_days = std::chrono::days(in.number("message-days", terms.message_days.count(), 0, kMostDays));
  terms.profile_days = std::chrono::days(in.number("profile-days", terms.profile_days.count(), 0, kMostDays));
  terms.permanent = in.flag("permanent", terms.permanent);
  upload.certificate = in.text("certificate");
  upload.key = in.text("key");
  if (upload.certificate.empty() != upload.key.empty())
    in.complain("'certificate' and 'key' belong together; give both or none");
  for (const xml::Element& child : xml::children(in.element())) {
    const Reader inner = in.at(child);
    if (child.name() == "listen") {
      upload.listeners.push_back(read_listener(inner));
      continue;
    }
    if (terms.external) inner.complain("<external> stands twice; remove one");
    inner.only({"url", "secret-file"}, {});
    terms.external = web::External{read_url(inner), nullptr};
    if (terms.external->url.empty()) inner.complain("'url' is missing; give the other web server's");
    if (!terms.external->url.ends_with('/')) terms.external->url += '/';
    upload.secret_file = inner.required("secret-file");
    upload.where = inner.where();
  }
  if (upload.listeners.empty() != terms.external.has_value())
    in.complain("give either <listen address='…' port='5443'/> or <external url='…' secret-file='…'/>");
  if (terms.url.empty() && !upload.listeners.empty() && !upload.listeners.front().tls)
    in.complain(
        "the files' addresses begin with https, and the first <listen> has no TLS; give as 'url' what the web server "
        "before it is known by");
  if (upload.listeners.size() > kMostListeners) in.complain("it has too many addresses; 16 at most");
  return upload;
}

void check_upload(const Reader& in, const UploadConfig& upload, const Config& config) {
  const xmpp::Jid& domain = upload.terms.domain;
  const bool taken = domain.str() == router::kTokenService ||
                     std::ranges::find(config.hosts, domain, &HostConfig::domain) != config.hosts.end() ||
                     std::ranges::find(config.rooms, domain, &router::RoomService::domain) != config.rooms.end() ||
                     (config.proxy65 && config.proxy65->settings->domain == domain);
  if (taken) in.complain("'" + std::string(domain.str()) + "' is taken already; give another 'domain'");
  if (config.hosts.empty()) in.complain("there is nobody to use it; add <host domain='…'/>");
}

base::Result<web::Terms> load_upload(const UploadConfig& upload, const std::string& folder) {
  web::Terms terms = upload.terms;
  if (!terms.external) return terms;
  try {
    auto secret = std::make_shared<const base::Secret>(ConfigFiles(upload.where, folder).read_line(upload.secret_file));
    if (secret->reveal().size() < kLeastSecret)
      complain(upload.where, "the secret is shorter than 16 characters; make one with: openssl rand -hex 32");
    terms.external->secret = std::move(secret);
  } catch (const ConfigMistake& mistake) {
    return base::failure(mistake.what);
  }
  return terms;
}

web::SettingsRef served(web::Terms terms, const std::vector<std::uint16_t>& ports) {
  if (terms.url.empty() && !ports.empty()) {
    terms.url = "https://" + xmpp::to_ascii(terms.domain.str()).value_or(std::string(terms.domain.str()));
    if (ports.front() != kHttps) terms.url += ':' + std::to_string(ports.front());
  }
  return base::make_ref<web::Settings>(std::move(terms));
}
