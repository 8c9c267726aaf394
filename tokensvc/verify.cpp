#include "tokensvc/verify.h"

#include <sodium.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <optional>

#include "tokensvc/pattern.h"

namespace tokensvc {
namespace {

using nlohmann::json;
using Fault = std::optional<std::string>;

constexpr std::size_t kMaxTokenBytes = 16 * 1024;
constexpr std::size_t kMaxPatternBytes = 128;  // token_regex_room_max_length
constexpr std::size_t kMaxQuantifiers = 3;     // token_regex_max_quantifiers

std::optional<std::string> decoded(std::string_view base64url) {
  std::string bytes(base64url.size() / 4 * 3 + 3, '\0');
  std::size_t size = 0;
  const char* end = nullptr;
  const int failed =
      sodium_base642bin(reinterpret_cast<unsigned char*>(bytes.data()), bytes.size(), base64url.data(),
                        base64url.size(), nullptr, &size, &end, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
  if (failed != 0 || end != base64url.data() + base64url.size()) return std::nullopt;
  bytes.resize(size);
  return bytes;
}

std::optional<json> decoded_object(std::string_view segment) {
  const auto text = decoded(segment);
  if (!text) return std::nullopt;
  json object = json::parse(*text, nullptr, false);
  if (!object.is_object()) return std::nullopt;
  return object;
}

std::string_view text_in(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? std::string_view(found->get_ref<const std::string&>()) : "";
}

/// RFC 7515 3.1: header, payload, signature. None may be empty; an unsigned token has no third.
struct Segments {
  std::string_view header, payload, signature, signed_part;
};

std::optional<Segments> split(std::string_view token) {
  const std::size_t first = token.find('.');
  if (token.size() > kMaxTokenBytes || first == std::string_view::npos) return std::nullopt;
  const std::size_t second = token.find('.', first + 1);
  if (second == std::string_view::npos || token.find('.', second + 1) != std::string_view::npos) return std::nullopt;
  Segments all{token.substr(0, first), token.substr(first + 1, second - first - 1), token.substr(second + 1),
               token.substr(0, second)};
  if (all.header.empty() || all.payload.empty() || all.signature.empty()) return std::nullopt;
  return all;
}

using Candidates = std::vector<const Key*>;

std::expected<Candidates, std::string> candidates_for(const json& header, const KeyRing& keys) {
  const std::string_view id = text_in(header, "kid");
  const Key* named = keys.find(id);
  if (named != nullptr && !is_symmetric(named->algorithm())) return Candidates{named};
  Candidates secrets;
  for (const Key& key : keys.keys())
    if (is_symmetric(key.algorithm())) secrets.push_back(&key);
  if (!secrets.empty()) return secrets;
  if (id.empty()) return std::unexpected("'kid' claim is missing");
  const auto algorithm = parse_algorithm(text_in(header, "alg"));
  if (!algorithm || is_symmetric(*algorithm)) return std::unexpected("'kid' claim only support with RS family");
  return std::unexpected("could not obtain public key");
}

Fault check_signature(const Segments& token, const KeyRing& keys) {
  const auto header = decoded_object(token.header);
  // RFC 7515 4.1.11: whoever doesn't know an extension must refuse what depends on it; we know none.
  if (!header || header->contains("crit")) return "Invalid header";
  auto candidates = candidates_for(*header, keys);
  if (!candidates) return candidates.error();
  if (text_in(*header, "typ") != "JWT") return "Invalid typ";
  const std::string_view named = text_in(*header, "alg");
  std::erase_if(*candidates, [&](const Key* key) { return to_string(key->algorithm()) != named; });
  if (candidates->empty()) return "Invalid or incorrect alg";
  const auto signature = decoded(token.signature);
  const auto signed_by = [&](const Key* key) { return key->verify(token.signed_part, *signature); };
  if (!signature || std::ranges::none_of(*candidates, signed_by)) return "Invalid signature";
  return std::nullopt;
}

std::string number_text(double number) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.14g", number);
  return text.data();
}

Fault check_time(const json& claims, std::chrono::sys_seconds at) {
  const auto exp = claims.find("exp"), nbf = claims.find("nbf"), iat = claims.find("iat");
  const auto now = static_cast<double>(at.time_since_epoch().count());
  if (exp != claims.end() && !exp->is_number()) return "exp must be number";
  if (nbf != claims.end() && !nbf->is_number()) return "nbf must be number";
  if (exp != claims.end() && now >= exp->get<double>()) {
    const auto ended = exp->get<double>();
    std::string why = "Not acceptable by exp (" + number_text(now - ended) + " sec since expired";
    if (iat != claims.end() && iat->is_number())
      why += ", valid for:" + number_text(ended - iat->get<double>()) + " sec";
    return why + ')';
  }
  if (nbf != claims.end() && now < nbf->get<double>()) return "Not acceptable by nbf";
  return std::nullopt;
}

bool accepts(const std::vector<std::string>& accepted, const json& claim) {
  return std::ranges::any_of(accepted, [&](const std::string& one) { return one == "*" || claim == one; });
}

Fault check_claims(const Verified& token, const VerifyRules& rules) {
  const json& claims = token.claims;
  if (!claims.contains("iss")) return "'iss' claim is missing";
  if (!accepts(rules.issuers, claims["iss"])) return "invalid 'iss' claim";
  if (!claims.contains("aud")) return "'aud' claim is missing";
  if (!accepts(rules.audiences, claims["aud"])) return "invalid 'aud' claim";
  if (rules.require_room && token.text("room").empty()) return "room claim is missing";
  if (rules.verify_domain && token.text("sub").empty()) return "'sub' claim is missing";
  return std::nullopt;
}

std::string lowercased(std::string_view text) {
  std::string lower(text);
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return lower;
}

/// context.room.regex, as a boolean or as its name.
bool room_is_pattern(const json& claims) {
  const json* at = &claims;
  for (const char* name : {"context", "room", "regex"}) {
    const auto found = at->is_object() ? at->find(name) : at->end();
    if (found == at->end()) return false;
    at = &*found;
  }
  return *at == true || *at == "true";
}

bool room_matches(const Verified& token, const Destination& destination, const VerifyRules& rules) {
  const std::string_view claim = token.text("room");
  if (claim == "*") return true;
  if (rules.verify_domain && room_is_pattern(token.claims)) {
    if (claim.size() > kMaxPatternBytes) return false;
    const LuaPattern pattern(claim);
    return pattern.quantifiers() <= kMaxQuantifiers && pattern.is_whole(destination.room);
  }
  const std::string room = lowercased(claim);
  if (room == destination.room) return true;
  const std::string qualified = '[' + std::string(destination.tenant) + ']' + std::string(destination.room);
  return !rules.verify_domain && !destination.tenant.empty() && room == qualified;
}

}  // namespace

std::string_view Verified::text(const char* claim) const { return text_in(claims, claim); }

std::expected<Verified, std::string> verify(std::string_view token, const KeyRing& keys, const VerifyRules& rules,
                                            std::chrono::sys_seconds now) {
  if (token.empty()) return std::unexpected("token required");
  const auto segments = split(token);
  if (!segments) return std::unexpected("Invalid token");
  if (auto fault = check_signature(*segments, keys)) return std::unexpected(std::move(*fault));
  auto claims = decoded_object(segments->payload);
  if (!claims) return std::unexpected("Invalid body");
  Verified verified{std::move(*claims)};
  auto fault = check_time(verified.claims, now);
  if (!fault) fault = check_claims(verified, rules);
  if (fault) return std::unexpected(std::move(*fault));
  return verified;
}

bool opens(const Verified& token, const Destination& destination, const VerifyRules& rules) {
  if (rules.verify_domain) {
    const std::string subject = lowercased(token.text("sub"));
    const std::string_view needed = destination.tenant.empty() ? destination.domain : destination.tenant;
    if (subject != "*" && subject != needed) return false;
  }
  return room_matches(token, destination, rules);
}

}  // namespace tokensvc
