#include "tokensvc/issue.h"

#include <utility>

#include "base/check.h"

namespace tokensvc {

Claims claims_for(const Caller& caller, Request request, std::chrono::sys_seconds now,
                  std::chrono::sys_seconds expires) {
  Claims claims{.audience = caller.audience,
                .issuer = caller.issuer,
                .subject = caller.subject,
                .room = std::move(request.channel),
                .issued = now,
                .expires = expires,
                .moderator = request.moderator,
                .user = std::move(request.user),
                .group = std::move(request.group),
                .tenant = std::move(request.tenant),
                .features = std::move(request.features),
                .room_is_pattern = request.channel_is_pattern};
  if (!claims.tenant.empty()) claims.subject = claims.tenant;  // a tenant's rooms are checked against it alone
  if (!request.subject.empty()) claims.subject = std::move(request.subject);
  return claims;
}

std::expected<Issued, Refusal> issue(Desk& desk, Request request, Instant now) {
  base::check(request.command == Request::Command::jwt_token, "issuing what asks for a token");
  const auto expires = judge(desk.caller, request, now.seconds());
  if (!expires) return std::unexpected(expires.error());
  if (const auto wait = desk.bucket.take(desk.caller.rate, now.mono)) {
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(*wait);
    return std::unexpected(Refusal{Code::rate_limited, "too many requests", seconds});
  }
  if (!desk.signer) return std::unexpected(Refusal{Code::unavailable, "no key to sign with"});
  Issued issued{{}, claims_for(desk.caller, std::move(request), now.seconds(), *expires)};
  auto token = mint(*desk.signer, issued.claims);
  if (!token) return std::unexpected(Refusal{Code::unavailable, "the token could not be signed"});
  issued.token = std::move(*token);
  return issued;
}

}  // namespace tokensvc
