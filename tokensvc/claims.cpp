#include "tokensvc/claims.h"

#include <nlohmann/json.hpp>

#include "base/base64.h"

namespace tokensvc {
namespace {

using nlohmann::ordered_json;

/// Jitsi allows no leeway, and clocks differ.
constexpr std::chrono::seconds kClockDifference{10};

std::int64_t number(std::chrono::sys_seconds time) { return time.time_since_epoch().count(); }

void put(ordered_json& object, const char* name, const std::string& text) {
  if (!text.empty()) object[name] = text;
}

ordered_json user_of(const Claims& claims) {
  ordered_json user = {{"id", claims.user.id}, {"name", claims.user.name}};
  put(user, "email", claims.user.email);
  put(user, "avatar", claims.user.avatar);
  user["affiliation"] = claims.moderator ? "owner" : "member";  // token_affiliation reads this, or the next
  user["moderator"] = claims.moderator;
  return user;
}

ordered_json context_of(const Claims& claims) {
  ordered_json context = {{"user", user_of(claims)}};
  put(context, "group", claims.group);
  put(context, "tenant", claims.tenant);
  if (claims.features) {
    ordered_json& features = context["features"] = ordered_json::object();
    for (const auto& [name, granted] : *claims.features) features[name] = granted;
  }
  if (claims.room_is_pattern) context["room"] = {{"regex", true}};
  return context;
}

}  // namespace

std::string payload(const Claims& claims) {
  const ordered_json all = {
      {"aud", claims.audience},        {"iss", claims.issuer},
      {"sub", claims.subject},         {"room", claims.room},
      {"iat", number(claims.issued)},  {"nbf", number(claims.issued - kClockDifference)},
      {"exp", number(claims.expires)}, {"moderator", claims.moderator},  // token_moderation takes a boolean only
      {"context", context_of(claims)}};
  return all.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

base::Result<std::string> mint(const Key& key, const Claims& claims) {
  std::string token = key.header() + '.' + base::base64url(payload(claims));
  const auto signature = key.sign(token);
  if (!signature) return std::unexpected(signature.error());
  return token + '.' + base::base64url(*signature);
}

}  // namespace tokensvc
