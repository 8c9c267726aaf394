#include "stream/plain.h"

#include "base/check.h"

namespace stream {

// message = [authzid] NUL authcid NUL passwd, with authcid and passwd not empty (RFC 4616 2)
Step Plain::handle(std::string_view message) {
  const auto malformed = [](const char* why) { return Failure{SaslCondition::malformed_request, why}; };
  const std::size_t first = message.find('\0');
  const std::size_t second = first == message.npos ? first : message.find('\0', first + 1);
  if (second == message.npos) return malformed("PLAIN takes three parts.");
  const auto username = message.substr(first + 1, second - first - 1);
  const auto password = message.substr(second + 1);
  if (password.contains('\0')) return malformed("PLAIN takes three parts.");
  if (username.empty() || password.empty()) return malformed("A name and a password are needed.");
  authzid_ = message.substr(0, first);
  return NeedPasswordCheck{std::string(username), authzid_, base::Secret(std::string(password))};
}

Step Plain::handle_credentials(std::string, std::optional<ScramKeys>) {
  base::check(false, "PLAIN asks for a password check only");
  return Failure{SaslCondition::temporary_auth_failure, {}};
}

Step Plain::handle_password(std::string account, bool fits) {
  if (!fits) return Failure{SaslCondition::not_authorized, "Wrong name or password."};
  return Success{{}, std::move(account), std::move(authzid_)};
}

}  // namespace stream
