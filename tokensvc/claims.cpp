#include "tokensvc/claims.h"

#include <nlohmann/json.hpp>

#include "base/base64.h"

namespace tokensvc {
namespace {

using nlohmann::ordered_json;

/// Jitsi allows no leeway, and clocks differ.
constexpr std::chrono::seconds kClockDifference{10};

std::int64_t number(std::chrono::sys_seconds time) { return time.time_since_epoch().count(); }

// Members are put one by one where there is room: an initializer list copies each of them twice.
using Members = ordered_json::object_t;

Members members(std::size_t most) {
  Members some;
  some.reserve(most);
  return some;
}

void put(Members& object, const char* name, const std::string& text) {
  if (!text.empty()) object.emplace(name, text);
}

Members user_of(const Claims& claims) {
  Members user = members(6);
  user.emplace("id", claims.user.id);
  user.emplace("name", claims.user.name);
  put(user, "email", claims.user.email);
  put(user, "avatar", claims.user.avatar);
  user.emplace("affiliation", claims.moderator ? "owner" : "member");  // token_affiliation reads this, or the next
  user.emplace("moderator", claims.moderator);
  return user;
}

Members context_of(const Claims& claims) {
  Members context = members(5);
  context.emplace("user", user_of(claims));
  put(context, "group", claims.group);
  put(context, "tenant", claims.tenant);
  if (claims.features) {
    Members features = members(claims.features->size());
    for (const auto& [name, granted] : *claims.features) features.emplace(name, granted);
    context.emplace("features", std::move(features));
  }
  if (claims.room_is_pattern) context.emplace("room", ordered_json{{"regex", true}});
  return context;
}

}  // namespace

std::string payload(const Claims& claims) {
  Members all = members(9);
  all.emplace("aud", claims.audience);
  all.emplace("iss", claims.issuer);
  all.emplace("sub", claims.subject);
  all.emplace("room", claims.room);
  all.emplace("iat", number(claims.issued));
  all.emplace("nbf", number(claims.issued - kClockDifference));
  all.emplace("exp", number(claims.expires));
  all.emplace("moderator", claims.moderator);  // token_moderation takes a boolean only
  all.emplace("context", context_of(claims));
  return ordered_json(std::move(all)).dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

base::Result<std::string> mint(const Key& key, const Claims& claims) {
  std::string token = key.header() + '.' + base::base64url(payload(claims));
  const auto signature = key.sign(token);
  if (!signature) return std::unexpected(signature.error());
  return token + '.' + base::base64url(*signature);
}

}  // namespace tokensvc
