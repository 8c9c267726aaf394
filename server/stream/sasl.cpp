#include "stream/sasl.h"

#include "base/base64.h"
#include "base/check.h"

namespace stream {
namespace {

Failure over() { return {SaslCondition::not_authorized, "The exchange is over."}; }

}  // namespace

std::string_view to_string(SaslCondition condition) {
  switch (condition) {
    case SaslCondition::aborted: return "aborted";
    case SaslCondition::account_disabled: return "account-disabled";
    case SaslCondition::credentials_expired: return "credentials-expired";
    case SaslCondition::encryption_required: return "encryption-required";
    case SaslCondition::incorrect_encoding: return "incorrect-encoding";
    case SaslCondition::invalid_authzid: return "invalid-authzid";
    case SaslCondition::invalid_mechanism: return "invalid-mechanism";
    case SaslCondition::malformed_request: return "malformed-request";
    case SaslCondition::mechanism_too_weak: return "mechanism-too-weak";
    case SaslCondition::not_authorized: return "not-authorized";
    case SaslCondition::temporary_auth_failure: return "temporary-auth-failure";
  }
  return {};
}

Step Mechanism::start(std::optional<std::string_view> initial_response) {
  if (initial_response) return respond(*initial_response);
  return Challenge{};
}

Step Mechanism::respond(std::string_view message) {
  if (waiting_ != Waiting::client) {
    return after(Failure{SaslCondition::malformed_request, "No message was expected."});
  }
  if (message.size() > kMaxMessage) {
    return after(Failure{SaslCondition::malformed_request, "The message is too long."});
  }
  return after(handle(message));
}

Step Mechanism::on_credentials(std::string account, std::optional<ScramKeys> keys) {
  if (!expects(Waiting::credentials)) return over();
  return after(handle_credentials(std::move(account), std::move(keys)));
}

Step Mechanism::on_password_checked(std::string account, bool fits) {
  if (!expects(Waiting::password)) return over();
  return after(handle_password(std::move(account), fits));
}

Step Mechanism::on_unavailable() {
  if (waiting_ == Waiting::nothing) return over();
  base::check(waiting_ != Waiting::client, "the authenticator was asked");
  return after(Failure{SaslCondition::temporary_auth_failure, "Please try again later."});
}

bool Mechanism::expects(Waiting answer) const {
  base::check(waiting_ == answer || waiting_ == Waiting::nothing, "the answer was asked for");
  return waiting_ == answer;
}

Step Mechanism::after(Step step) {
  if (std::holds_alternative<Challenge>(step)) {
    waiting_ = Waiting::client;
  } else if (std::holds_alternative<NeedCredentials>(step)) {
    waiting_ = Waiting::credentials;
  } else if (std::holds_alternative<NeedPasswordCheck>(step)) {
    waiting_ = Waiting::password;
  } else {
    waiting_ = Waiting::nothing;
  }
  return step;
}

base::Result<std::string, Failure> decode_message(std::string_view text) {
  if (text == "=") return std::string();
  auto bytes = base::from_base64(text);
  if (!bytes) return std::unexpected(Failure{SaslCondition::incorrect_encoding, "This is no base64."});
  return *std::move(bytes);
}

}  // namespace stream
