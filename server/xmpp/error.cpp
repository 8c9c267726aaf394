#include "xmpp/error.h"

#include <array>
#include <cstddef>
#include <utility>

#include "xml/writer.h"
#include "xmpp/ns.h"

namespace xmpp {
namespace {

using namespace std::string_view_literals;

struct ConditionRow {
  std::string_view name;
  ErrorType type;
};

constexpr std::array kTypes{"auth"sv, "cancel"sv, "continue"sv, "modify"sv, "wait"sv};

/// In the order of Condition; types as RFC 6120 8.3.3.1 to 8.3.3.22 advise. Where the RFC offers a choice
/// (policy-violation: modify or wait) or none (undefined-condition), what tells the peer not to repeat itself.
constexpr std::array kConditions{
    ConditionRow{"bad-request", ErrorType::modify},
    ConditionRow{"conflict", ErrorType::cancel},
    ConditionRow{"feature-not-implemented", ErrorType::cancel},
    ConditionRow{"forbidden", ErrorType::auth},
    ConditionRow{"gone", ErrorType::cancel},
    ConditionRow{"internal-server-error", ErrorType::cancel},
    ConditionRow{"item-not-found", ErrorType::cancel},
    ConditionRow{"jid-malformed", ErrorType::modify},
    ConditionRow{"not-acceptable", ErrorType::modify},
    ConditionRow{"not-allowed", ErrorType::cancel},
    ConditionRow{"not-authorized", ErrorType::auth},
    ConditionRow{"policy-violation", ErrorType::modify},
    ConditionRow{"recipient-unavailable", ErrorType::wait},
    ConditionRow{"redirect", ErrorType::modify},
    ConditionRow{"registration-required", ErrorType::auth},
    ConditionRow{"remote-server-not-found", ErrorType::cancel},
    ConditionRow{"remote-server-timeout", ErrorType::wait},
    ConditionRow{"resource-constraint", ErrorType::wait},
    ConditionRow{"service-unavailable", ErrorType::cancel},
    ConditionRow{"subscription-required", ErrorType::auth},
    ConditionRow{"undefined-condition", ErrorType::cancel},
    ConditionRow{"unexpected-request", ErrorType::wait},
};
static_assert(kConditions.size() == std::to_underlying(Condition::unexpected_request) + 1U);

/// In the order of StreamCondition.
constexpr std::array kStreamConditions{
    "bad-format"sv,
    "bad-namespace-prefix"sv,
    "conflict"sv,
    "connection-timeout"sv,
    "host-gone"sv,
    "host-unknown"sv,
    "improper-addressing"sv,
    "internal-server-error"sv,
    "invalid-from"sv,
    "invalid-namespace"sv,
    "invalid-xml"sv,
    "not-authorized"sv,
    "not-well-formed"sv,
    "policy-violation"sv,
    "remote-connection-failed"sv,
    "reset"sv,
    "resource-constraint"sv,
    "restricted-xml"sv,
    "see-other-host"sv,
    "system-shutdown"sv,
    "undefined-condition"sv,
    "unsupported-encoding"sv,
    "unsupported-feature"sv,
    "unsupported-stanza-type"sv,
    "unsupported-version"sv,
};
static_assert(kStreamConditions.size() == std::to_underlying(StreamCondition::unsupported_version) + 1U);

const ConditionRow& row(Condition condition) { return kConditions.at(std::to_underlying(condition)); }

}  // namespace

std::string_view to_string(ErrorType type) { return kTypes.at(std::to_underlying(type)); }
std::string_view to_string(Condition condition) { return row(condition).name; }
std::string_view to_string(StreamCondition condition) { return kStreamConditions.at(std::to_underlying(condition)); }

std::optional<Condition> parse_condition(std::string_view name) {
  for (std::size_t i = 0; i < kConditions.size(); ++i) {
    if (kConditions[i].name == name) return static_cast<Condition>(i);
  }
  return std::nullopt;
}

std::optional<ErrorType> parse_error_type(std::string_view name) {
  for (std::size_t i = 0; i < kTypes.size(); ++i) {
    if (kTypes[i] == name) return static_cast<ErrorType>(i);
  }
  return std::nullopt;
}

StanzaError::StanzaError(Condition c, std::string why) : StanzaError(c, row(c).type, std::move(why)) {}
StanzaError::StanzaError(Condition c, ErrorType t, std::string why) : condition(c), type(t), text(std::move(why)) {}

std::string to_xml(const StreamError& error) {
  std::string out = "<stream:error><";
  out.append(to_string(error.condition)).append(" xmlns='").append(ns::stream_errors).append("'/>");
  if (!error.text.empty()) {
    out.append("<text xmlns='").append(ns::stream_errors).append("' xml:lang='en'>");
    xml::escape_text(error.text, out);
    out.append("</text>");
  }
  return out.append(error.app_xml).append("</stream:error>");
}

}  // namespace xmpp
