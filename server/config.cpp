#include "config.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <limits>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "config_reader.h"

namespace {

using Reader = ConfigReader;

bool is_loopback(std::string_view address) { return address == "::1" || address.starts_with("127."); }

ClientListener read_listener(const Reader& in) {
  in.only({"address", "port", "tls", "plaintext-login"}, {});
  ClientListener listener;
  listener.address = in.text("address", listener.address);
  listener.direct_tls = in.choice<bool>("tls", false, {{"starttls", false}, {"direct", true}});
  const std::uint16_t usual = listener.direct_tls ? 5223 : 5222;
  listener.port = in.number<std::uint16_t>("port", usual, 0, std::numeric_limits<std::uint16_t>::max());
  listener.plaintext_login = in.flag("plaintext-login", false);
  if (listener.plaintext_login && !is_loopback(listener.address))
    in.complain("'plaintext-login' sends passwords in the clear on " + listener.address +
                "; remove it, or listen on a loopback address");
  return listener;
}

constexpr std::uint64_t kMostArchiveDays = 36'500;

HostConfig read_host(const Reader& in) {
  in.only({"domain", "certificate", "key", "archive", "archive-days", "registration", "offline-max-messages"},
          {"contact"});
  HostConfig host;
  host.domain = in.domain("domain");
  host.certificate = in.text("certificate");
  host.key = in.text("key");
  if (host.certificate.empty() != host.key.empty())
    in.complain("'certificate' and 'key' belong together; give both, or neither for a self-signed one");
  host.archive = in.flag("archive", host.archive);
  host.archive_days = std::chrono::days(in.number("archive-days", 0, 0, kMostArchiveDays));
  host.registration = in.flag("registration", host.registration);
  host.offline_max_messages =
      in.number("offline-max-messages", host.offline_max_messages, 0, std::numeric_limits<std::uint32_t>::max());
  for (const xml::Element& child : xml::children(in.element())) {
    const Reader contact = in.at(child);
    contact.only({"admin"}, {});
    host.admin_contacts.push_back(contact.required("admin"));
  }
  return host;
}

using router::Limits;

constexpr std::uint64_t kMiB = 1024 * 1024, kGiB = 1024 * kMiB;

struct Limit {
  std::string_view name;
  std::variant<std::size_t Limits::*, std::uint32_t Limits::*, std::chrono::seconds Limits::*> field;
  std::uint64_t least, most;
};

/// What an operator may set; router/settings.h has the defaults. RFC 6120 13.12: at least 10,000 bytes of a stanza
/// must be accepted.
constexpr std::array kLimits{
    Limit{"login-max-stanza-bytes", &Limits::login_max_stanza_bytes, 10'000, 64 * 1024},
    Limit{"max-stanza-bytes", &Limits::max_stanza_bytes, 10'000, 16 * kMiB},
    Limit{"max-connections-per-address", &Limits::max_connections_per_address, 1, 1'000'000},
    Limit{"max-unauthenticated-connections", &Limits::max_unauthenticated, 1, 1'000'000},
    Limit{"failed-logins-per-minute", &Limits::failed_logins_per_minute, 1, 1'000'000},
    Limit{"registrations-per-hour", &Limits::registrations_per_hour, 1, 1'000'000},
    Limit{"tls-handshake-seconds", &Limits::tls_handshake, 1, 3'600},
    Limit{"stream-header-seconds", &Limits::stream_header, 1, 3'600},
    Limit{"login-seconds", &Limits::login, 1, 3'600},
    Limit{"close-seconds", &Limits::close, 1, 3'600},
    Limit{"window-stanzas", &Limits::window_stanzas, 1, 100'000},
    Limit{"under-way-stanzas", &Limits::under_way_stanzas, 100, 40'000},
    Limit{"window-bytes", &Limits::window_bytes, 10'000, kGiB},
    Limit{"sm-queue-stanzas", &Limits::sm_queue_stanzas, 100, 1'000'000},
    Limit{"sm-queue-bytes", &Limits::sm_queue_bytes, 64 * 1024, kGiB},
    Limit{"sm-answer-seconds", &Limits::sm_answer, 1, 3'600},
    Limit{"out-queue-bytes", &Limits::out_queue_bytes, 64 * 1024, kGiB},
    Limit{"hibernation-seconds", &Limits::hibernation, 1, 86'400},
    Limit{"hibernated-per-account", &Limits::hibernated_per_account, 1, 10'000},
    Limit{"hibernated-per-server", &Limits::hibernated_per_server, 1, 10'000'000},
    Limit{"sessions-per-account", &Limits::sessions_per_account, 1, 10'000},
    Limit{"roster-items", &Limits::roster_items, 1, 1'000'000},
    Limit{"blocked-addresses", &Limits::blocked_addresses, 1, 1'000'000},
    Limit{"directed-presences", &Limits::directed_presences, 1, 1'000'000},
    Limit{"private-bytes", &Limits::private_bytes, 1'000, 16 * kMiB},
    Limit{"private-total-bytes", &Limits::private_total_bytes, 1'000, kGiB},
    Limit{"archive-page", &Limits::archive_page, 1, 10'000},
    Limit{"archive-page-bytes", &Limits::archive_page_bytes, 10'000, kGiB},
    Limit{"csi-stanzas", &Limits::csi_stanzas, 1, 100'000},
    Limit{"offline-bytes", &Limits::offline_bytes, 10'000, kGiB},
};

template <class Field>
void read_limit(const Reader& in, const Limit& limit, Field& field) {
  if constexpr (std::is_integral_v<Field>) {
    field = in.number(limit.name, field, limit.least, limit.most);
  } else {
    field = Field(in.number(limit.name, field.count(), limit.least, limit.most));
  }
}

Limits read_limits(const Reader& in) {
  std::vector<std::string_view> names(kLimits.size());
  std::ranges::transform(kLimits, names.begin(), &Limit::name);
  in.only(names, {});
  Limits limits;
  for (const Limit& limit : kLimits) std::visit([&](auto field) { read_limit(in, limit, limits.*field); }, limit.field);
  if (limits.sm_queue_bytes < limits.max_stanza_bytes)
    in.complain("'sm-queue-bytes' has no room for one stanza; give at least 'max-stanza-bytes'");
  if (limits.offline_bytes > limits.sm_queue_bytes / 2)
    in.complain("'offline-bytes' would overflow a client's queue; give at most half of 'sm-queue-bytes'");
  return limits;
}

void read_log(const Reader& in, Config& config) {
  using base::log::Level;
  in.only({"level", "file"}, {});
  config.log_level = in.choice<Level>(
      "level", config.log_level,
      {{"debug", Level::debug}, {"info", Level::info}, {"warning", Level::warning}, {"error", Level::error}});
  config.log_file = in.text("file");
}

void read_child(const Reader& in, Config& config) {
  const std::string_view name = in.element().name();
  if (name == "log") return read_log(in, config);
  if (name == "clients") return config.client_listeners.push_back(read_listener(in));
  if (name == "limits") {
    config.limits = read_limits(in);
    return;
  }
  HostConfig host = read_host(in);
  if (std::ranges::find(config.hosts, host.domain, &HostConfig::domain) != config.hosts.end())
    in.complain("the host '" + std::string(host.domain.str()) + "' stands twice; remove one");
  config.hosts.push_back(std::move(host));
}

Config read(const Reader& in) {
  if (!in.element().is(Reader::kNamespace, "exedra"))
    in.complain("the file must begin with <exedra xmlns='" + std::string(Reader::kNamespace) + "'>");
  in.only({"shards", "durability"}, {"log", "clients", "host", "limits"});
  Config config;
  config.shards = in.number("shards", config.shards, 0, 256);
  config.durability = in.choice<Durability>("durability", config.durability,
                                            {{"process", Durability::process}, {"power", Durability::power}});
  for (const xml::Element& child : xml::children(in.element())) read_child(in.at(child), config);
  if (config.hosts.empty()) in.complain("no host is configured; add <host domain='…'/>");
  if (config.client_listeners.empty()) in.complain("nobody can connect; add <clients port='5222'/>");
  return config;
}

}  // namespace

base::Result<Config> parse_config(std::string_view text, std::string_view file) {
  const auto document = xml::LinedDocument::parse(text);
  if (!document) return base::failure(std::string(file) + ":" + document.error().what);
  try {
    return read(Reader(*document, file, document->root()));
  } catch (const ConfigMistake& mistake) {
    return base::failure(mistake.what);
  }
}
