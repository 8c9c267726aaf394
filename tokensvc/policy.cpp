#include "tokensvc/policy.h"

#include <algorithm>

namespace tokensvc {
namespace {

using std::chrono::seconds;
using std::chrono::sys_seconds;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool matches_any(const std::vector<std::string>& patterns, std::string_view text) {
  return std::ranges::any_of(patterns, [&](const std::string& pattern) { return matches(pattern, text); });
}

bool may_name(const Caller& caller, std::string_view subject) {
  if (subject.empty()) return true;
  if (subject == "*") return caller.may_use_wildcards;
  return matches(caller.subject, subject) || matches_any(caller.tenants, subject);
}

bool grants(const std::pair<std::string, bool>& feature) { return feature.second; }

std::optional<std::string> forbidden(const Caller& caller, const Request& request) {
  const bool wildcard = request.channel == "*" || request.channel_is_pattern;
  if (wildcard && !caller.may_use_wildcards) return "this caller may not ask for more than one room";
  if (!wildcard && !matches_any(caller.channels, request.channel)) return "this caller may not ask for that channel";
  if (request.moderator && !caller.may_moderate) return "this caller may not make moderators";
  // What is listed as true is granted whatever the role.
  if (request.features && std::ranges::any_of(*request.features, grants) && !caller.may_moderate)
    return "this caller may not grant features";
  if (!may_name(caller, request.subject)) return "this caller may not name that sub";
  if (!may_name(caller, request.tenant)) return "this caller may not name that tenant";
  return std::nullopt;
}

}  // namespace

std::expected<sys_seconds, Refusal> judge(const Caller& caller, const Request& request, sys_seconds now) {
  if (auto why = forbidden(caller, request)) return std::unexpected(Refusal{Code::forbidden, std::move(*why)});
  const std::string most = std::to_string(caller.max_validity.count());
  if (request.valid_for) {
    if (*request.valid_for < seconds(1) || *request.valid_for > caller.max_validity)
      return std::unexpected(Refusal{Code::bad_field, "validFor must be 1 to " + most});
    return now + *request.valid_for;
  }
  if (request.valid_until) {
    if (*request.valid_until <= now || *request.valid_until > now + caller.max_validity)
      return std::unexpected(Refusal{Code::bad_field, "validUntil must be in the next " + most + " seconds"});
    return *request.valid_until;
  }
  return now + std::min(caller.default_validity, caller.max_validity);
}

bool matches(std::string_view pattern, std::string_view text) {
  std::size_t at = 0, seen = 0;
  std::size_t star = std::string_view::npos, resume = 0;  // where the last `*` is, and the text it doesn't have yet
  while (seen < text.size()) {
    if (at < pattern.size() && pattern[at] == '*') {
      star = at++;
      resume = seen;
    } else if (at < pattern.size() && lower(pattern[at]) == lower(text[seen])) {
      ++at;
      ++seen;
    } else if (star != std::string_view::npos) {
      at = star + 1;
      seen = ++resume;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', at) == std::string_view::npos;
}

std::optional<base::Duration> Bucket::take(const Rate& rate, base::MonoTime now) {
  if (rate.per_minute == 0) return std::nullopt;
  const base::Duration one = base::Duration(std::chrono::minutes(1)) / rate.per_minute;
  const base::MonoTime after = std::max(full_, now) + one;
  const base::Duration excess = after - now - one * std::max(rate.burst, 1U);
  if (excess > base::Duration::zero()) return excess;
  full_ = after;
  return std::nullopt;
}

}  // namespace tokensvc
