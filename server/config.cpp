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

constexpr std::uint64_t kMiB = 1024 * 1024, kGiB = 1024 * kMiB;
constexpr std::uint64_t kMostArchiveDays = 36'500, kLeastArchiveBytes = 10'000, kMostArchiveBytes = 1024 * kGiB;

/// What an element says of `archive-days` and the like; what it leaves out is as in `usual`.
router::Retention read_retention(const Reader& in, const router::Retention& usual) {
  router::Retention kept = usual;
  kept.days = std::chrono::days(in.number("archive-days", usual.days.count(), 0, kMostArchiveDays));
  kept.messages = in.number("archive-max-messages", usual.messages, 0, std::numeric_limits<std::uint32_t>::max());
  kept.bytes = in.number("archive-max-bytes", usual.bytes, 0, kMostArchiveBytes);
  if (kept.bytes != 0 && kept.bytes < kLeastArchiveBytes)
    in.complain("'archive-max-bytes' has no room for one stanza; give at least " + std::to_string(kLeastArchiveBytes) +
                ", or 0 for no limit");
  return kept;
}

/// The local part that an attribute names, as accounts are called.
std::string read_local(const Reader& in, std::string_view name, const xmpp::Jid& host) {
  const std::string text = in.required(name);
  const auto jid = xmpp::Jid::make(text, host.domain());
  if (!jid) in.complain("'" + text + "' can't stand before the '@' of an address; correct it");
  return std::string(jid->local());
}

router::AccountClass read_class(const Reader& in, const HostConfig& host) {
  in.only({"class", "archive-days", "archive-max-messages", "archive-max-bytes"}, {"account", "accounts"});
  router::AccountClass read;
  read.name = in.required("class");
  if (std::ranges::find(host.classes, read.name, &router::AccountClass::name) != host.classes.end())
    in.complain("the class '" + read.name + "' stands twice; remove one");
  read.retention = read_retention(in, host.retention);
  for (const xml::Element& child : xml::children(in.element())) {
    const Reader who = in.at(child);
    const bool one = child.name() == "account";
    who.only({one ? "name" : "prefix"}, {});
    (one ? read.accounts : read.prefixes).push_back(read_local(who, one ? "name" : "prefix", host.domain));
  }
  if (read.accounts.empty() && read.prefixes.empty())
    in.complain("nobody is in it; add <account name='…'/> or <accounts prefix='…'/>");
  return read;
}

/// Where a host's rooms are; empty for none. By default below its own name, but nothing stands below an IP address.
xmpp::Jid read_rooms_address(const Reader& in, const xmpp::Jid& host) {
  const auto given = in.element().find_attr("rooms");
  if (!given) return xmpp::Jid::make({}, "conference." + std::string(host.str())).value_or(xmpp::Jid());
  if (given->empty()) in.complain("'rooms' is empty; give the room service's address, or 'none'");
  return *given == "none" ? xmpp::Jid() : in.domain("rooms");
}

HostConfig read_host(const Reader& in) {
  in.only({"domain", "rooms", "certificate", "key", "archive", "archive-days", "archive-max-messages",
           "archive-max-bytes", "registration", "offline-max-messages"},
          {"contact", "retention"});
  HostConfig host;
  host.domain = in.domain("domain");
  host.rooms = read_rooms_address(in, host.domain);
  host.certificate = in.text("certificate");
  host.key = in.text("key");
  if (host.certificate.empty() != host.key.empty())
    in.complain("'certificate' and 'key' belong together; give both, or neither for a self-signed one");
  host.archive = in.flag("archive", host.archive);
  host.retention = read_retention(in, {});
  host.registration = in.flag("registration", host.registration);
  host.offline_max_messages =
      in.number("offline-max-messages", host.offline_max_messages, 0, std::numeric_limits<std::uint32_t>::max());
  for (const xml::Element& child : xml::children(in.element())) {
    const Reader inner = in.at(child);
    if (child.name() == "retention") {
      host.classes.push_back(read_class(inner, host));
      continue;
    }
    inner.only({"admin"}, {});
    host.admin_contacts.push_back(inner.required("admin"));
  }
  return host;
}

constexpr std::uint32_t kMostRoomHistory = 10'000;
constexpr std::uint32_t kMostPresenceLimit = 100'000, kMostOccupants = 100'000;

using router::Limits;

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
    Limit{"room-history", &Limits::room_history, 0, kMostRoomHistory},
    Limit{"room-idle-seconds", &Limits::room_idle, 1, 86'400},
    Limit{"room-config-bytes", &Limits::room_config_bytes, 1'000, kMiB},
    Limit{"room-ping-seconds", &Limits::room_ping, 10, 86'400},
    Limit{"room-ping-answer-seconds", &Limits::room_ping_answer, 1, 3'600},
    Limit{"room-meeting-seconds", &Limits::room_meeting, 1, 60},
};

using router::RoomLimits;

/// The same of rooms; <rooms> may have them as well, for its own.
struct RoomLimit {
  std::string_view name;
  std::variant<std::size_t RoomLimits::*, std::uint32_t RoomLimits::*> field;
  std::uint64_t least, most;
};

constexpr std::array kRoomLimits{
    RoomLimit{"room-occupants", &RoomLimits::room_occupants, 1, kMostOccupants},
    RoomLimit{"rooms-per-owner", &RoomLimits::rooms_per_owner, 1, 1'000'000},
    RoomLimit{"room-affiliations", &RoomLimits::room_affiliations, 1, 1'000'000},
    RoomLimit{"room-messages-per-second", &RoomLimits::room_messages_per_second, 1, 1'000'000},
    RoomLimit{"room-bytes-per-second", &RoomLimits::room_bytes_per_second, 1'000, kGiB},
    RoomLimit{"room-presences-per-second", &RoomLimits::room_presences_per_second, 1, 1'000'000},
    RoomLimit{"room-total-messages-per-second", &RoomLimits::room_total_messages_per_second, 0, 1'000'000},
    RoomLimit{"room-total-bytes-per-second", &RoomLimits::room_total_bytes_per_second, 0, kGiB},
    RoomLimit{"room-total-presences-per-second", &RoomLimits::room_total_presences_per_second, 0, 1'000'000},
};

template <class AnyLimit, class Field>
void read_limit(const Reader& in, const AnyLimit& limit, Field& field) {
  if constexpr (std::is_integral_v<Field>) {
    field = in.number(limit.name, field, limit.least, limit.most);
  } else {
    field = Field(in.number(limit.name, field.count(), limit.least, limit.most));
  }
}

void read_room_limits(const Reader& in, RoomLimits& limits) {
  for (const RoomLimit& limit : kRoomLimits)
    std::visit([&](auto field) { read_limit(in, limit, limits.*field); }, limit.field);
}

Limits read_limits(const Reader& in) {
  std::vector<std::string_view> names;
  names.reserve(kLimits.size() + kRoomLimits.size());
  for (const Limit& limit : kLimits) names.push_back(limit.name);
  for (const RoomLimit& limit : kRoomLimits) names.push_back(limit.name);
  in.only(names, {});
  Limits limits;
  for (const Limit& limit : kLimits) std::visit([&](auto field) { read_limit(in, limit, limits.*field); }, limit.field);
  read_room_limits(in, limits);
  if (limits.sm_queue_bytes < limits.max_stanza_bytes)
    in.complain("'sm-queue-bytes' has no room for one stanza; give at least 'max-stanza-bytes'");
  if (limits.offline_bytes > limits.sm_queue_bytes / 2)
    in.complain("'offline-bytes' would overflow a client's queue; give at most half of 'sm-queue-bytes'");
  return limits;
}

void read_room_service(const Reader& in, router::RoomService& service) {
  std::vector<std::string_view> names{"domain",
                                      "name",
                                      "create",
                                      "persistent",
                                      "archive",
                                      "archive-days",
                                      "archive-max-messages",
                                      "archive-max-bytes",
                                      "history",
                                      "presence-limit",
                                      "occupants"};
  for (const RoomLimit& limit : kRoomLimits) names.push_back(limit.name);
  in.only(names, {"admin"});
  using router::MayCreate;
  service.name = in.text("name", service.name);
  service.create =
      in.choice<MayCreate>("create", service.create,
                           {{"anyone", MayCreate::anyone}, {"local", MayCreate::local}, {"admins", MayCreate::admins}});
  service.persistent = in.flag("persistent", service.persistent);
  service.archive = in.flag("archive", service.archive);
  service.retention = read_retention(in, service.retention);
  service.history = in.number("history", service.history, 0, kMostRoomHistory);
  service.presence_limit = in.number("presence-limit", service.presence_limit, 0, kMostPresenceLimit);
  read_room_limits(in, service.limits);
  service.occupants = in.number("occupants", service.occupants, 0, kMostOccupants);
  if (service.occupants > service.limits.room_occupants)
    in.complain("'occupants' is more than a room may have; give at most " +
                std::to_string(service.limits.room_occupants) + ", or more in 'room-occupants'");
  for (const xml::Element& child : xml::children(in.element())) {
    const Reader admin = in.at(child);
    admin.only({"jid"}, {});
    service.admins.push_back(admin.account("jid"));
  }
}

/// Each address that a host names is a room service; several hosts may share one.
void add_room_service(const Reader& in, const HostConfig& host, Config& config) {
  if (host.rooms.empty()) return;
  if (std::ranges::find(config.hosts, host.rooms, &HostConfig::domain) != config.hosts.end())
    in.complain("its rooms would be at '" + std::string(host.rooms.str()) +
                "', which is a host; give another address in 'rooms', or rooms='none'");
  if (std::ranges::find(config.rooms, host.rooms, &router::RoomService::domain) != config.rooms.end()) return;
  router::RoomService& service = config.rooms.emplace_back();
  service.domain = host.rooms;
  service.limits = config.limits;
}

/// When all hosts are known, because <rooms> and <host> stand in any order.
void read_room_services(const Reader& in, Config& config) {
  auto host = config.hosts.begin();
  for (const xml::Element& child : xml::children(in.element()))
    if (child.name() == "host") add_room_service(in.at(child), *host++, config);
  std::vector<xmpp::Jid> read;
  for (const xml::Element& child : xml::children(in.element())) {
    if (child.name() != "rooms") continue;
    const Reader rooms = in.at(child);
    const xmpp::Jid domain = rooms.domain("domain");
    const std::string name(domain.str());
    if (std::ranges::find(read, domain) != read.end())
      rooms.complain("the room service '" + name + "' stands twice; remove one");
    const auto service = std::ranges::find(config.rooms, domain, &router::RoomService::domain);
    if (service == config.rooms.end()) {
      std::string why = "no host has its rooms at '";
      rooms.complain(why.append(name).append("'; add rooms='").append(name).append("' to a host, or remove this"));
    }
    read_room_service(rooms, *service);
    read.push_back(domain);
  }
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
  if (name == "rooms") return;  // read_room_services
  if (name == "federation") {
    if (config.federation) in.complain("<federation> stands twice; remove one");
    config.federation = read_federation(in);
    return;
  }
  if (name == "tokens") {
    if (config.tokens) in.complain("<tokens> stands twice; remove one");
    config.tokens = read_tokens(in);
    return;
  }
  if (name == "proxy65") {
    if (config.proxy65) in.complain("<proxy65> stands twice; remove one");
    config.proxy65 = read_proxy65(in);
    return;
  }
  if (name == "upload") {
    if (config.upload) in.complain("<upload> stands twice; remove one");
    config.upload = read_upload(in);
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
  in.only({"shards", "durability"},
          {"log", "clients", "host", "rooms", "limits", "federation", "tokens", "proxy65", "upload"});
  Config config;
  config.shards = in.number("shards", config.shards, 0, 256);
  config.durability = in.choice<Durability>("durability", config.durability,
                                            {{"process", Durability::process}, {"power", Durability::power}});
  for (const xml::Element& child : xml::children(in.element())) read_child(in.at(child), config);
  if (config.hosts.empty() && (!config.tokens || !config.client_listeners.empty()))
    in.complain("no host is configured; add <host domain='…'/>");
  read_room_services(in, config);
  if (config.client_listeners.empty() && !config.hosts.empty())
    in.complain("nobody can connect; add <clients port='5222'/>");
  for (const xml::Element& child : xml::children(in.element())) {
    if (child.name() == "federation") check_federation(in.at(child), *config.federation, config);
    if (child.name() == "tokens") check_tokens(in.at(child), *config.tokens, config);
    if (child.name() == "proxy65") check_proxy65(in.at(child), *config.proxy65, config);
    if (child.name() == "upload") check_upload(in.at(child), *config.upload, config);
  }
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
