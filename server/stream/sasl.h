// The server's side of a SASL exchange (RFC 4422, RFC 6120 6) as steps: no stream, no database, no clock.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"
#include "base/secret.h"
#include "stream/scram_keys.h"

namespace stream {

/// RFC 6120 6.5; the names are the RFC's with dashes as underscores.
enum class SaslCondition : std::uint8_t {
  aborted,
  account_disabled,
  credentials_expired,
  encryption_required,
  incorrect_encoding,
  invalid_authzid,
  invalid_mechanism,
  malformed_request,
  mechanism_too_weak,
  not_authorized,
  temporary_auth_failure,
};
std::string_view to_string(SaslCondition condition);

/// Send `data` and wait for the client's response.
struct Challenge {
  std::string data;
};
/// Look up the account and answer with on_credentials or on_unavailable. Both names are as the client wrote them:
/// neither prepared nor checked to be UTF-8.
struct NeedCredentials {
  std::string username;
  std::string authzid;  ///< empty for none
  Hash hash;
};
/// Check the password away from the shard and answer with on_password_checked or on_unavailable. All three are
/// unprepared, as above.
struct NeedPasswordCheck {
  std::string username;
  std::string authzid;  ///< empty for none
  base::Secret password;
};
/// The client proved to be `account`. It is logged in only if `authzid` is empty or equals, after preparation, the
/// bare JID of `account`; otherwise the caller answers invalid-authzid (RFC 6120 6.3.8; SECURITY A02).
struct Success {
  std::string data;     ///< additional data with success; empty for none
  std::string account;  ///< what the look-up was answered with, never the client's own spelling
  std::string authzid;  ///< as the client wrote it
};
struct Failure {
  SaslCondition condition;
  std::string text;    ///< English; the same for an unknown user and a wrong password
  bool counts = true;  ///< as a failed login; false where a client only asks for what we do not bind to
};
using Step = std::variant<Challenge, NeedCredentials, NeedPasswordCheck, Success, Failure>;

/// One exchange by one mechanism. After Success or Failure it is spent. Messages are decoded bytes.
class Mechanism {
 public:
  /// Longest message taken; names are 1023 bytes at most, threefold when escaped.
  static constexpr std::size_t kMaxMessage = 8192;

  Mechanism() = default;
  Mechanism(const Mechanism&) = delete;
  Mechanism& operator=(const Mechanism&) = delete;
  virtual ~Mechanism() = default;

  /// The first step. All mechanisms here have the client speak first, so that a missing initial response is
  /// answered with an empty challenge (RFC 4422 5).
  Step start(std::optional<std::string_view> initial_response);
  /// A message of the client. One that comes while an answer is awaited fails the exchange.
  Step respond(std::string_view message);

  // The three answers; calling one that was not asked for is the caller's mistake and aborts. One that comes after
  // the exchange ended (the client may have spoken out of turn meanwhile) changes nothing and fails again.

  /// `account` is the prepared name that was looked up (the client's spelling if it can't be prepared); no keys
  /// means no such account, or none that may log in by this mechanism: the exchange goes on and fails at its end.
  Step on_credentials(std::string account, std::optional<ScramKeys> keys);
  Step on_password_checked(std::string account, bool fits);
  /// The authenticator is down: temporary-auth-failure, never not-authorized (SECURITY A08).
  Step on_unavailable();

 protected:
  virtual Step handle(std::string_view message) = 0;
  virtual Step handle_credentials(std::string account, std::optional<ScramKeys> keys) = 0;
  virtual Step handle_password(std::string account, bool fits) = 0;

 private:
  enum class Waiting : std::uint8_t { client, credentials, password, nothing };
  Step after(Step step);
  bool expects(Waiting answer) const;

  Waiting waiting_ = Waiting::client;
};

/// The text of `<auth/>`, `<response/>` or `<initial-response/>` as bytes; "=" is the empty message
/// (RFC 6120 6.4.2). The failure is incorrect-encoding.
base::Result<std::string, Failure> decode_message(std::string_view text);

}  // namespace stream
