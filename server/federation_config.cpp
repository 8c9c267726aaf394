#include "federation_config.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <limits>
#include <optional>
#include <set>
#include <utility>
#include <variant>

#include "config.h"

namespace {

using Reader = ConfigReader;
using s2s::Certificate;
using s2s::Direction;
using s2s::Limits;

constexpr std::uint16_t kMostPort = std::numeric_limits<std::uint16_t>::max();
constexpr std::uint64_t kMiB = 1024 * 1024, kGiB = 1024 * kMiB;
constexpr std::uint64_t kLeastStanza = 10'000;  // RFC 6120 13.12
constexpr std::size_t kMostListed = 1'000'000;

struct Limit {
  std::string_view name;
  std::variant<std::size_t Limits::*, std::uint32_t Limits::*, std::chrono::seconds Limits::*,
               std::chrono::milliseconds Limits::*>
      field;
  std::uint64_t least, most;
};

/// What an operator may set; s2s/policy.h has the defaults.
constexpr std::array kLimits{
    Limit{"max-domains", &Limits::max_domains, 1, 1'000'000},
    Limit{"max-links", &Limits::max_links, 1, 1'000'000},
    Limit{"queue-stanzas", &Limits::queue_stanzas, 1, 1'000'000},
    Limit{"queue-bytes", &Limits::queue_bytes, 64 * 1024, kGiB},
    Limit{"message-seconds", &Limits::message, 1, 7 * 86'400},
    Limit{"request-seconds", &Limits::request, 1, 3'600},
    Limit{"ticket-ms", &Limits::ticket, 0, 60'000},
    Limit{"first-retry-seconds", &Limits::first_retry, 1, 3'600},
    Limit{"last-retry-seconds", &Limits::last_retry, 1, 86'400},
    Limit{"domain-idle-seconds", &Limits::domain_idle, 1, 86'400},
    Limit{"dns-seconds", &Limits::dns, 1, 300},
    Limit{"connect-seconds", &Limits::connect, 1, 300},
    Limit{"negotiation-seconds", &Limits::negotiation, 1, 3'600},
    Limit{"verification-seconds", &Limits::verification, 1, 3'600},
    Limit{"idle-seconds", &Limits::idle, 1, 86'400},
    Limit{"sm-answer-seconds", &Limits::sm_answer, 1, 3'600},
    Limit{"resumption-seconds", &Limits::resumption, 0, 86'400},
};

const std::vector<std::string_view> kRules{"encryption",         "certificate",       "direction",
                                           "bidirectional",      "private-addresses", "max-stanza-bytes",
                                           "stanzas-per-second", "bytes-per-second"};

void read_limits(const Reader& in, Limits& limits) {
  for (const Limit& limit : kLimits) {
    const auto read = [&](auto field) {
      auto& value = limits.*field;
      using Value = std::remove_reference_t<decltype(value)>;
      if constexpr (std::is_integral_v<Value>) {
        value = in.number(limit.name, value, limit.least, limit.most);
      } else {
        value = Value(in.number(limit.name, value.count(), limit.least, limit.most));
      }
    };
    std::visit(read, limit.field);
  }
  if (limits.last_retry < limits.first_retry)
    in.complain("'last-retry-seconds' is less than 'first-retry-seconds'; give at least " +
                std::to_string(limits.first_retry.count()));
}

bool has(const Reader& in, std::string_view name) { return in.element().find_attr(name).has_value(); }

/// `around`: the rules that hold where the element says nothing.
s2s::RuleChanges read_rules(const Reader& in, const s2s::PairRules& around) {
  s2s::RuleChanges changes;
  if (has(in, "encryption"))
    changes.encryption = in.choice<bool>("encryption", true, {{"required", true}, {"optional", false}});
  if (has(in, "certificate"))
    changes.certificate = in.choice<Certificate>(
        "certificate", Certificate::valid,
        {{"valid", Certificate::valid}, {"pinned", Certificate::pinned}, {"dialback", Certificate::dialback}});
  if (has(in, "direction"))
    changes.direction = in.choice<Direction>("direction", Direction::both,
                                             {{"both", Direction::both},
                                              {"incoming", Direction::incoming},
                                              {"outgoing", Direction::outgoing},
                                              {"none", Direction::none}});
  if (has(in, "private-addresses")) changes.private_addresses = in.flag("private-addresses", false);
  if (has(in, "bidirectional")) changes.bidi = in.flag("bidirectional", true);
  if (has(in, "max-stanza-bytes"))
    changes.max_stanza_bytes = in.number<std::size_t>("max-stanza-bytes", 0, kLeastStanza, 16 * kMiB);
  if (has(in, "stanzas-per-second"))
    changes.stanzas_per_second = in.number<std::uint32_t>("stanzas-per-second", 0, 0, 1'000'000);
  if (has(in, "bytes-per-second")) {
    changes.bytes_per_second = in.number<std::size_t>("bytes-per-second", 0, 0, kGiB);
    if (*changes.bytes_per_second != 0 && *changes.bytes_per_second < 1'000)
      in.complain("'bytes-per-second' is less than 1000; give more, or 0 for no limit");
  }
  s2s::PairRules rules = around;
  changes.apply_to(rules);
  if (!rules.encryption && rules.certificate != Certificate::dialback)
    in.complain("a peer without encryption shows no certificate; add certificate='dialback', or encryption='required'");
  return changes;
}

std::vector<std::string_view> names_with_rules(std::vector<std::string_view> names) {
  names.insert(names.end(), kRules.begin(), kRules.end());
  return names;
}

/// Where the peer is; nothing if DNS is asked.
std::optional<s2s::ForcedAddress> read_address(const Reader& in) {
  if (!has(in, "address")) {
    if (has(in, "port") || has(in, "tls"))
      in.complain("'port' and 'tls' belong to an 'address'; add one, or remove them");
    return {};
  }
  s2s::ForcedAddress forced;
  forced.host = in.required("address");
  const bool numeric = forced.host.find_first_not_of("0123456789abcdefABCDEF.:") == std::string::npos;
  if (const auto jid = xmpp::Jid::parse(forced.host); !numeric && (!jid || !jid->is_domain()))
    in.complain("'address' is '" + forced.host + "'; give an IP address or the name of a machine");
  forced.direct_tls = in.choice<bool>("tls", false, {{"starttls", false}, {"direct", true}});
  forced.port = in.number<std::uint16_t>("port", forced.direct_tls ? 5270 : 5269, 1, kMostPort);
  return forced;
}

/// A domain, or with `*.` before it all below it; prepared.
std::optional<std::string> parse_pattern(std::string_view text) {
  const std::string_view star = text.starts_with("*.") ? "*." : "";
  const auto jid = xmpp::Jid::parse(text.substr(star.size()));
  if (!jid || !jid->is_domain()) return {};
  return std::string(star).append(jid->str());
}

void read_peer(const Reader& in, const s2s::PairRules& around, s2s::ByDomain<s2s::RuleChanges>& peers) {
  in.only(names_with_rules({"domain", "address", "port", "tls"}), {});
  const std::string text = in.required("domain");
  const auto pattern = parse_pattern(text);
  if (!pattern) in.complain("'" + text + "' is no domain; write example.net, or *.example.net for all below it");
  s2s::RuleChanges changes = read_rules(in, around);
  changes.address = read_address(in);
  if (!peers.add(*pattern, std::move(changes))) in.complain("the peer '" + *pattern + "' stands twice; remove one");
}

FederationConfig::Lists read_lists(const Reader& in) {
  for (const char* name : {"allow-file", "block-file"})
    if (has(in, name)) in.required(name);
  return {.where = in.where(), .allow_file = in.text("allow-file"), .block_file = in.text("block-file")};
}

ServerListener read_listener(const Reader& in) {
  in.only({"address", "port", "tls"}, {});
  ServerListener listener;
  listener.address = in.text("address", listener.address);
  listener.direct_tls = in.choice<bool>("tls", false, {{"starttls", false}, {"direct", true}});
  listener.port = in.number<std::uint16_t>("port", listener.direct_tls ? 5270 : 5269, 0, kMostPort);
  return listener;
}

void read_host(const Reader& in, FederationConfig& federation) {
  in.only(names_with_rules({"domain", "allow-file", "block-file"}), {"peer"});
  const std::string name(in.domain("domain").str());
  s2s::Policy::Host host;
  host.changes = read_rules(in, federation.policy.rules);
  s2s::PairRules rules = federation.policy.rules;
  host.changes.apply_to(rules);
  for (const xml::Element& child : xml::children(in.element())) read_peer(in.at(child), rules, host.peers);
  if (!federation.policy.hosts.emplace(name, std::move(host)).second)
    in.complain("the host '" + name + "' stands twice in <federation>; remove one");
  federation.host_lists[name] = read_lists(in);
}

std::optional<s2s::DnsServer> read_dns(const Reader& in) {
  if (!has(in, "dns-address")) {
    if (has(in, "dns-port")) in.complain("'dns-port' belongs to a 'dns-address'; add one, or remove it");
    return {};
  }
  s2s::DnsServer dns{.address = in.required("dns-address")};
  if (dns.address.find_first_not_of("0123456789abcdefABCDEF.:") != std::string::npos)
    in.complain("'dns-address' is '" + dns.address + "'; give an IP address, as names can't be looked up without it");
  dns.port = in.number("dns-port", dns.port, 1, kMostPort);
  return dns;
}

/// One list file.
base::Result<s2s::DomainList> load_list(const std::string& where, const std::string& name, const std::string& folder) {
  const std::string path = name.starts_with('/') ? name : folder + '/' + name;
  std::ifstream file(path);
  if (!file)
    return base::failure(where + ": reading " + path + ": " + std::strerror(errno) +
                         "; correct the name, or make the file");
  s2s::DomainList list;
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    line.resize(std::min(line.find('#'), line.size()));
    const auto begin = line.find_first_not_of(" \t\r");
    if (begin == std::string::npos) continue;
    const std::string text = line.substr(begin, line.find_last_not_of(" \t\r") + 1 - begin);
    const auto complaint = [&](std::string_view what) {
      return base::failure(std::string(path).append(":").append(std::to_string(number)).append(": ").append(what));
    };
    const auto pattern = parse_pattern(text);
    if (!pattern)
      return complaint("'" + text + "' is no domain; write one a line, *.example.net for all below example.net");
    list.add(*pattern, {});
    if (list.size() > kMostListed) return complaint("more than a million domains; shorten the list");
  }
  if (file.bad()) return base::failure(where + ": reading " + path + " broke off; try again");
  return list;
}

base::Result<void> load_lists(const FederationConfig::Lists& lists, const std::string& folder,
                              std::optional<s2s::DomainList>& allowed, s2s::DomainList& blocked) {
  if (!lists.allow_file.empty()) {
    auto list = load_list(lists.where, lists.allow_file, folder);
    if (!list) return std::unexpected(list.error());
    allowed = std::move(*list);
  }
  if (!lists.block_file.empty()) {
    auto list = load_list(lists.where, lists.block_file, folder);
    if (!list) return std::unexpected(list.error());
    blocked = std::move(*list);
  }
  return {};
}

}  // namespace

FederationConfig read_federation(const ConfigReader& in) {
  auto names = names_with_rules({"allow-file", "block-file", "dns-address", "dns-port", "dnssec-anchors"});
  for (const Limit& limit : kLimits) names.push_back(limit.name);
  in.only(names, {"listen", "peer", "host"});
  FederationConfig federation;
  read_rules(in, {}).apply_to(federation.policy.rules);
  read_limits(in, federation.policy.limits);
  federation.policy.dns = read_dns(in);
  if (has(in, "dnssec-anchors")) federation.dnssec_anchors = in.required("dnssec-anchors");
  federation.lists = read_lists(in);
  for (const xml::Element& child : xml::children(in.element())) {
    const Reader inner = in.at(child);
    if (child.name() == "listen") federation.listeners.push_back(read_listener(inner));
    if (child.name() == "peer") read_peer(inner, federation.policy.rules, federation.policy.peers);
    if (child.name() == "host") read_host(inner, federation);
  }
  if (federation.policy.limits.queue_bytes < federation.policy.rules.max_stanza_bytes)
    in.complain("'queue-bytes' has no room for one stanza; give at least 'max-stanza-bytes'");
  return federation;
}

void check_federation(const ConfigReader& in, const FederationConfig& federation, const Config& config) {
  const auto is_local = [&](std::string_view domain) {
    const auto is = [&](const auto& each) { return each.domain.str() == domain; };
    return std::ranges::any_of(config.hosts, is) || std::ranges::any_of(config.rooms, is);
  };
  const auto check_peer = [&](const Reader& peer) {
    if (const auto domain = parse_pattern(peer.required("domain")); domain && is_local(*domain))
      peer.complain("'" + *domain + "' is a host or a room service of this server; correct the domain");
  };
  if (config.hosts.empty()) in.complain("no host is configured that could federate; add <host domain='…'/>");
  std::set<std::pair<std::string, std::uint16_t>> taken;
  for (const ClientListener& each : config.client_listeners) taken.emplace(each.address, each.port);
  auto listener = federation.listeners.begin();
  for (const xml::Element& child : xml::children(in.element())) {
    const Reader inner = in.at(child);
    if (child.name() == "listen") {
      if (listener->port != 0 && !taken.emplace(listener->address, listener->port).second)
        inner.complain(listener->address + " port " + std::to_string(listener->port) +
                       " stands twice in the file; choose another");
      ++listener;
    }
    if (child.name() == "peer") check_peer(inner);
    if (child.name() != "host") continue;
    if (const xmpp::Jid domain = inner.domain("domain"); !is_local(domain.str()))
      inner.complain("'" + std::string(domain.str()) +
                     "' is no host and no room service of this server; correct the domain");
    for (const xml::Element& peer : xml::children(child)) check_peer(inner.at(peer));
  }
}

base::Result<s2s::PolicyRef> load_federation(const FederationConfig& federation, const std::string& folder) {
  s2s::Policy::Parts parts = federation.policy;
  auto done = load_lists(federation.lists, folder, parts.allowed, parts.blocked);
  if (!done) return std::unexpected(done.error());
  for (const auto& [name, lists] : federation.host_lists) {
    s2s::Policy::Host& host = parts.hosts[name];
    done = load_lists(lists, folder, host.allowed, host.blocked);
    if (!done) return std::unexpected(done.error());
  }
  return base::make_ref<const s2s::Policy>(std::move(parts));
}
