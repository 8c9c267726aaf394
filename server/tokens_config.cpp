#include "tokens_config.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <set>
#include <span>

#include "config.h"
#include "entrance.h"

namespace {

using Reader = ConfigReader;
using tokensvc::Algorithm;
using tokensvc::Mapping;

constexpr std::uint16_t kMostPort = std::numeric_limits<std::uint16_t>::max();
constexpr std::size_t kMostName = 64;
constexpr std::int64_t kMostValidity = 31L * 24 * 3600;
constexpr std::uint32_t kMostRate = 1'000'000;
constexpr std::int64_t kMostPace = 1000;
constexpr std::int64_t kMostAuditDays = 36'500;
constexpr std::size_t kFingerprint = 64;  // digits of a SHA-256

Algorithm read_algorithm(const Reader& in) {
  const std::string name = in.required("algorithm");
  const auto algorithm = tokensvc::parse_algorithm(name);
  if (!algorithm)
    in.complain("'algorithm' is '" + name + "'; choose one of: HS256, HS384, HS512, RS256, RS512, ES256, EdDSA");
  return *algorithm;
}

TokensConfig::KeyFiles read_key(const Reader& in) {
  in.only({"id", "algorithm", "secret-file", "file", "public-file"}, {});
  TokensConfig::KeyFiles key{.where = in.where(),
                             .id = in.text("id"),
                             .algorithm = read_algorithm(in),
                             .secret_file = in.text("secret-file"),
                             .file = in.text("file"),
                             .public_file = in.text("public-file")};
  const bool shared = tokensvc::is_symmetric(key.algorithm);
  const int given = int{!key.secret_file.empty()} + int{!key.file.empty()} + int{!key.public_file.empty()};
  if (shared && (given != 1 || key.secret_file.empty()))
    in.complain("this algorithm has one shared secret; give its file in 'secret-file' and nothing else");
  if (!shared && (given != 1 || !key.secret_file.empty()))
    in.complain(
        "this algorithm has a pair of keys; give the private key in 'file', or the public one alone in 'public-file'");
  if (!shared && key.id.empty()) in.complain("a public key is asked for by its name; add id='…'");
  return key;
}

/// Lower-case hexadecimal without colons, as OpenSSL prints fingerprints with them.
std::string read_fingerprint(const Reader& in) {
  std::string digits;
  for (char c : in.text("certificate")) {
    if (c == ':') continue;
    if (c >= 'A' && c <= 'F') c = static_cast<char>(c - 'A' + 'a');
    digits += c;
  }
  if (digits.empty()) return digits;
  if (digits.size() != kFingerprint || digits.find_first_not_of("0123456789abcdef") != std::string::npos)
    in.complain(
        "'certificate' is no SHA-256 fingerprint; make it with: openssl x509 -noout -fingerprint -sha256 -in FILE");
  return digits;
}

std::string read_name(const Reader& in) {
  std::string name = in.required("name");
  const auto control = [](unsigned char c) { return c < 0x20 || c == 0x7f; };
  if (name.size() > kMostName || std::ranges::any_of(name, control))
    in.complain("'name' is longer than 64 bytes or has control characters; give a short one");
  return name;
}

TokensConfig::CallerFiles read_caller(const Reader& in) {
  in.only({"name", "issuer", "subject", "audience", "channels", "tenants", "moderate", "wildcards", "validity",
           "max-validity", "per-minute", "burst", "secret-file", "certificate", "user"},
          {});
  TokensConfig::CallerFiles read;
  read.where = in.where();
  tokensvc::Caller& caller = read.caller;
  caller.name = read_name(in);
  caller.issuer = in.required("issuer");
  caller.subject = in.required("subject");
  caller.audience = in.text("audience", caller.audience);
  caller.channels = in.words("channels");
  caller.tenants = in.words("tenants");
  caller.may_moderate = in.flag("moderate", false);
  caller.may_use_wildcards = in.flag("wildcards", false);
  caller.max_validity = std::chrono::seconds(in.number("max-validity", caller.max_validity.count(), 1, kMostValidity));
  caller.default_validity = std::min(caller.default_validity, caller.max_validity);
  caller.default_validity =
      std::chrono::seconds(in.number("validity", caller.default_validity.count(), 1, kMostValidity));
  caller.rate.per_minute = in.number("per-minute", caller.rate.per_minute, 0, kMostRate);
  caller.rate.burst = in.number("burst", std::max(caller.rate.per_minute / 6, 1U), 1, kMostRate);
  read.secret_file = in.text("secret-file");
  read.certificate = read_fingerprint(in);
  read.user = in.text("user");
  if (caller.channels.empty() && !caller.may_use_wildcards)
    in.complain("it could open no channel; add channels='*', or the names it may ask for");
  if (caller.audience.empty()) in.complain("'audience' is empty; leave it out for 'jitsi'");
  if (caller.default_validity > caller.max_validity)
    in.complain("'validity' is more than 'max-validity'; make it at most " +
                std::to_string(caller.max_validity.count()));
  return read;
}

tokensvc::LineEntrance read_line(const Reader& in) {
  in.only({"address", "port", "socket", "tls", "caller"}, {});
  tokensvc::LineEntrance line;
  line.socket = in.text("socket");
  line.tls = in.flag("tls", false);
  line.caller = in.text("caller");
  const bool has_port = in.element().find_attr("port").has_value();
  if (has_port == !line.socket.empty())
    in.complain("an entrance is a port or a Unix socket; give 'port', or 'socket' with the name of a file");
  if (!has_port && (line.tls || in.element().find_attr("address")))
    in.complain("a Unix socket has neither 'address' nor 'tls'; remove them");
  line.address = in.text("address", line.address);
  line.port = in.number<std::uint16_t>("port", 0, 0, kMostPort);
  return line;
}

tokensvc::Game read_game(const Reader& in) {
  in.only({"name", "host", "port", "tls", "caller", "pace-ms"}, {});
  tokensvc::Game game;
  game.name = read_name(in);
  game.host = in.text("host", game.host);
  game.port = in.number<std::uint16_t>("port", game.port, 1, kMostPort);
  game.tls = in.flag("tls", false);
  game.caller = in.required("caller");
  const auto usual = std::chrono::duration_cast<std::chrono::milliseconds>(game.pace).count();
  game.pace = std::chrono::milliseconds(in.number("pace-ms", usual, 0, kMostPace));
  if (!game.tls && !is_loopback(game.host))
    in.complain("tokens would pass through the network to " + game.host + " in the clear; add tls='true'");
  return game;
}

tokensvc::HttpEntrance read_http(const Reader& in) {
  in.only({"address", "port", "tls"}, {});
  tokensvc::HttpEntrance http;
  http.address = in.text("address", http.address);
  in.required("port");
  http.port = in.number<std::uint16_t>("port", 0, 0, kMostPort);
  http.tls = in.flag("tls", false);
  return http;
}

tokensvc::MeetingRule read_meetings(const Reader& in) {
  in.only({"domain", "caller", "url", "tenant", "mapping", "text"}, {});
  tokensvc::MeetingRule rule;
  rule.domain = std::string(in.domain("domain").str());
  rule.caller = in.required("caller");
  rule.url = in.required("url");
  rule.tenant = in.text("tenant");
  rule.mapping = in.choice<Mapping>(
      "mapping", rule.mapping,
      {{"same", Mapping::same}, {"prefix", Mapping::prefix}, {"hash", Mapping::hash}, {"fixed", Mapping::fixed}});
  rule.text = in.text("text");
  const bool web = rule.url.starts_with("https://") || rule.url.starts_with("http://");
  if (!web || rule.url.find_first_of("?# ") != std::string::npos)
    in.complain("'url' is '" + rule.url + "'; give the address of Jitsi Meet, such as https://meet.example.org/");
  if (!rule.url.ends_with('/')) rule.url += '/';
  const bool worded = rule.mapping == Mapping::prefix || rule.mapping == Mapping::fixed;
  if (worded && rule.text.empty()) in.complain("this mapping needs a name to put there; add text='…'");
  if (!worded && !rule.text.empty()) in.complain("'text' belongs to the mappings prefix and fixed; remove it");
  return rule;
}

void check_keys(const Reader& in, const std::vector<TokensConfig::KeyFiles>& keys) {
  std::set<std::string_view> ids;
  bool signs = false;
  for (const auto& key : keys) {
    if (!ids.insert(key.id).second)
      in.complain(key.id.empty() ? "two keys have no 'id'; give one of them a name"
                                 : "two keys have the id '" + key.id + "'; rename one");
    signs = signs || key.public_file.empty();
  }
  if (!signs) in.complain("no key signs; add <key algorithm='HS256' secret-file='…'/>");
  if (keys.size() > tokensvc::KeyRing::kMaxKeys) in.complain("there are more than 16 keys; remove old ones");
}

template <class Things, class Member>
void check_twice(const Reader& in, const Things& things, Member member, std::string_view what) {
  std::set<std::string_view> seen;
  for (const auto& thing : things) {
    const std::string& name = member(thing);
    if (!name.empty() && !seen.insert(name).second)
      in.complain("two " + std::string(what) + " '" + name + "'; change or remove one");
  }
}

/// What the callers' names in other elements, and these elements among each other, must be like.
class Inside {
 public:
  Inside(const Reader& in, const TokensConfig& tokens) : in_(in), tokens_(tokens) {}

  void check() const {
    std::size_t line = 0, game = 0, http = 0, rule = 0;
    for (const xml::Element& child : xml::children(in_.element())) {
      const Reader each = in_.at(child);
      if (child.name() == "line") check_line(each, tokens_.lines[line++]);
      if (child.name() == "game") check_caller(each, tokens_.games[game++].caller);
      if (child.name() == "http") check_http(each, tokens_.https[http++]);
      if (child.name() == "meetings") check_rule(each, tokens_.rules[rule++]);
    }
  }

 private:
  using CallerFiles = TokensConfig::CallerFiles;

  const CallerFiles& check_caller(const Reader& in, const std::string& name) const {
    for (const CallerFiles& each : tokens_.callers)
      if (each.caller.name == name) return each;
    in.complain("there is no caller '" + name + "'; add <caller name='" + name + "' …/> to <tokens>");
  }

  /// Over the network whoever comes must show something.
  void check_line(const Reader& in, const tokensvc::LineEntrance& line) const {
    const CallerFiles* only = line.caller.empty() ? nullptr : &check_caller(in, line.caller);
    const auto shows = [](const CallerFiles& each) { return !each.secret_file.empty() || !each.certificate.empty(); };
    if (line.socket.empty() && !is_loopback(line.address)) {
      if (!line.tls) in.complain("secrets and tokens would pass through the network in the clear; add tls='true'");
      if (only != nullptr && !shows(*only))
        in.complain("anybody could be '" + line.caller + "' there; give that caller 'secret-file' or 'certificate'");
    }
    const auto may = [&](const CallerFiles& each) {
      return shows(each) || (!line.socket.empty() && !each.user.empty());
    };
    if (only == nullptr && std::ranges::none_of(tokens_.callers, may))
      in.complain("nobody can say who he is there; name the 'caller', or give callers a 'secret-file'");
    if (only != nullptr && only->has_proof() && !may(*only))
      in.complain("'" + line.caller + "' is known by the user of its process; that needs a 'socket'");
  }

  void check_http(const Reader& in, const tokensvc::HttpEntrance& http) const {
    if (!is_loopback(http.address) && !http.tls)
      in.complain("secrets and tokens would pass through the network in the clear; add tls='true'");
    const auto shows = [](const CallerFiles& each) { return !each.secret_file.empty() || !each.certificate.empty(); };
    if (std::ranges::none_of(tokens_.callers, shows))
      in.complain("nobody can say who he is there; give a caller a 'secret-file'");
  }

  void check_rule(const Reader& in, const tokensvc::MeetingRule& rule) const {
    const tokensvc::Caller& caller = check_caller(in, rule.caller).caller;
    const auto allows = [&](const std::string& pattern) { return tokensvc::matches(pattern, rule.text); };
    if (rule.mapping == Mapping::fixed && std::ranges::none_of(caller.channels, allows))
      in.complain("the caller '" + rule.caller + "' may not open '" + rule.text + "'; add it to its 'channels'");
  }

  const Reader& in_;
  const TokensConfig& tokens_;
};

void read_child(const Reader& in, TokensConfig& tokens) {
  const std::string_view name = in.element().name();
  if (name == "key") tokens.keys.push_back(read_key(in));
  if (name == "caller") tokens.callers.push_back(read_caller(in));
  if (name == "line") tokens.lines.push_back(read_line(in));
  if (name == "game") tokens.games.push_back(read_game(in));
  if (name == "http") tokens.https.push_back(read_http(in));
  if (name == "meetings") tokens.rules.push_back(read_meetings(in));
}

std::string port_of(const std::string& address, std::uint16_t port) {
  return address + " port " + std::to_string(port);
}

}  // namespace

bool TokensConfig::has_tls() const {
  const auto tls = [](const auto& entrance) { return entrance.tls; };
  return std::ranges::any_of(lines, tls) || std::ranges::any_of(https, tls);
}

TokensConfig read_tokens(const ConfigReader& in) {
  in.only({"domain", "certificate", "key", "audit-days"}, {"key", "caller", "line", "game", "http", "meetings"});
  TokensConfig tokens;
  if (in.element().find_attr("domain")) tokens.domain = std::string(in.domain("domain").str());
  tokens.certificate = in.text("certificate");
  tokens.key = in.text("key");
  tokens.audit_days = std::chrono::days(in.number("audit-days", tokens.audit_days.count(), 0, kMostAuditDays));
  if (tokens.certificate.empty() != tokens.key.empty() || tokens.certificate.empty() != tokens.domain.empty())
    in.complain(
        "'certificate', 'key' and the 'domain' they are for belong together; give all, or none for the first host's");
  for (const xml::Element& child : xml::children(in.element())) read_child(in.at(child), tokens);
  check_keys(in, tokens.keys);
  check_twice(in, tokens.callers, [](const auto& each) -> auto& { return each.caller.name; }, "callers have the name");
  check_twice(
      in, tokens.callers, [](const auto& each) -> auto& { return each.certificate; }, "callers have the certificate");
  check_twice(in, tokens.callers, [](const auto& each) -> auto& { return each.user; }, "callers have the user");
  check_twice(in, tokens.games, [](const auto& each) -> auto& { return each.name; }, "games have the name");
  check_twice(in, tokens.rules, [](const auto& each) -> auto& { return each.domain; }, "<meetings> are of");
  check_twice(in, tokens.lines, [](const auto& each) -> auto& { return each.socket; }, "entrances have the socket");
  Inside(in, tokens).check();
  return tokens;
}

void check_tokens(const ConfigReader& in, const TokensConfig& tokens, const Config& config) {
  if (tokens.has_tls() && tokens.certificate.empty() && config.hosts.empty())
    in.complain(
        "an entrance has TLS, and there is no host whose certificate it could use; add 'certificate', 'key' and "
        "'domain'");
  std::set<std::string> taken;
  const auto take = [&](const std::string& address, std::uint16_t port) {
    if (port != 0 && !taken.insert(port_of(address, port)).second)
      in.complain(port_of(address, port) + " stands twice in the file; choose another");
  };
  for (const ClientListener& each : config.client_listeners) take(each.address, each.port);
  for (const auto& each : tokens.lines)
    if (each.socket.empty()) take(each.address, each.port);
  for (const auto& each : tokens.https) take(each.address, each.port);
  for (const auto& rule : tokens.rules) {
    const auto is = [&](const auto& each) { return each.domain.str() == rule.domain; };
    if (std::ranges::none_of(config.hosts, is) && std::ranges::none_of(config.rooms, is))
      in.complain("the <meetings> of '" + rule.domain + "' belong to no host and no room service; correct the domain");
  }
}
