// Stanza errors (RFC 6120 8.3) and stream errors (4.9) as values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace xmpp {

enum class ErrorType : std::uint8_t { auth, cancel, continue_, modify, wait };

/// RFC 6120 8.3.3; the names are the RFC's with dashes as underscores.
enum class Condition : std::uint8_t {
  bad_request,
  conflict,
  feature_not_implemented,
  forbidden,
  gone,
  internal_server_error,
  item_not_found,
  jid_malformed,
  not_acceptable,
  not_allowed,
  not_authorized,
  policy_violation,
  recipient_unavailable,
  redirect,
  registration_required,
  remote_server_not_found,
  remote_server_timeout,
  resource_constraint,
  service_unavailable,
  subscription_required,
  undefined_condition,
  unexpected_request,
};

/// RFC 6120 4.9.3.
enum class StreamCondition : std::uint8_t {
  bad_format,
  bad_namespace_prefix,
  conflict,
  connection_timeout,
  host_gone,
  host_unknown,
  improper_addressing,
  internal_server_error,
  invalid_from,
  invalid_namespace,
  invalid_xml,
  not_authorized,
  not_well_formed,
  policy_violation,
  remote_connection_failed,
  reset,
  resource_constraint,
  restricted_xml,
  see_other_host,
  system_shutdown,
  undefined_condition,
  unsupported_encoding,
  unsupported_feature,
  unsupported_stanza_type,
  unsupported_version,
};

std::string_view to_string(ErrorType type);
std::string_view to_string(Condition condition);
std::string_view to_string(StreamCondition condition);
std::optional<Condition> parse_condition(std::string_view name);
std::optional<ErrorType> parse_error_type(std::string_view name);

/// What a bad or refused stanza is answered with. Never in answer to an error or a result.
struct StanzaError {
  Condition condition;
  ErrorType type;
  std::string text;      ///< optional, English
  std::string app_ns;    ///< application-specific condition: namespace …
  std::string app_name;  ///< … and element name; empty for none

  /// With the type that RFC 6120 8.3.3 associates with the condition.
  StanzaError(Condition c, std::string why = {});  // NOLINT(google-explicit-constructor)
  StanzaError(Condition c, ErrorType t, std::string why = {});
};

/// What ends a stream, and why.
struct StreamError {
  StreamCondition condition;
  std::string text;          ///< optional, English
  std::string app_xml = {};  ///< application-specific condition, serialised; empty for none
};

/// `<stream:error>…</stream:error>` as bytes.
std::string to_xml(const StreamError& error);

}  // namespace xmpp
