#include "xmpp/error.h"

#include <gtest/gtest.h>

namespace xmpp {
namespace {

TEST(Error, DefaultTypes) {  // RFC 6120 8.3.3.1 to 8.3.3.22
  const struct {
    Condition condition;
    const char* name;
    ErrorType type;
  } rows[] = {
      {Condition::bad_request, "bad-request", ErrorType::modify},
      {Condition::conflict, "conflict", ErrorType::cancel},
      {Condition::feature_not_implemented, "feature-not-implemented", ErrorType::cancel},
      {Condition::forbidden, "forbidden", ErrorType::auth},
      {Condition::gone, "gone", ErrorType::cancel},
      {Condition::internal_server_error, "internal-server-error", ErrorType::cancel},
      {Condition::item_not_found, "item-not-found", ErrorType::cancel},
      {Condition::jid_malformed, "jid-malformed", ErrorType::modify},
      {Condition::not_acceptable, "not-acceptable", ErrorType::modify},
      {Condition::not_allowed, "not-allowed", ErrorType::cancel},
      {Condition::not_authorized, "not-authorized", ErrorType::auth},
      {Condition::policy_violation, "policy-violation", ErrorType::modify},
      {Condition::recipient_unavailable, "recipient-unavailable", ErrorType::wait},
      {Condition::redirect, "redirect", ErrorType::modify},
      {Condition::registration_required, "registration-required", ErrorType::auth},
      {Condition::remote_server_not_found, "remote-server-not-found", ErrorType::cancel},
      {Condition::remote_server_timeout, "remote-server-timeout", ErrorType::wait},
      {Condition::resource_constraint, "resource-constraint", ErrorType::wait},
      {Condition::service_unavailable, "service-unavailable", ErrorType::cancel},
      {Condition::subscription_required, "subscription-required", ErrorType::auth},
      {Condition::undefined_condition, "undefined-condition", ErrorType::cancel},
      {Condition::unexpected_request, "unexpected-request", ErrorType::wait},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(to_string(row.condition), row.name);
    EXPECT_EQ(parse_condition(row.name), row.condition);
    EXPECT_EQ(StanzaError(row.condition).type, row.type) << row.name;
  }
  EXPECT_FALSE(parse_condition("payment-required"));  // of RFC 3920, gone since
  EXPECT_FALSE(parse_condition(""));
}

TEST(Error, Types) {  // RFC 6120 8.3.2
  for (const auto type :
       {ErrorType::auth, ErrorType::cancel, ErrorType::continue_, ErrorType::modify, ErrorType::wait}) {
    EXPECT_EQ(parse_error_type(to_string(type)), type);
  }
  EXPECT_EQ(to_string(ErrorType::continue_), "continue");
  EXPECT_FALSE(parse_error_type("Cancel"));
}

TEST(Error, StreamErrorAsXml) {  // RFC 6120 4.9.2
  EXPECT_EQ(to_xml({StreamCondition::unsupported_version, {}}),
            "<stream:error><unsupported-version xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>");
  EXPECT_EQ(to_xml({StreamCondition::bad_format, "a<b", "<x xmlns='y'/>"}),
            "<stream:error><bad-format xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>"
            "<text xmlns='urn:ietf:params:xml:ns:xmpp-streams' xml:lang='en'>a&lt;b</text>"
            "<x xmlns='y'/></stream:error>");
}

}  // namespace
}  // namespace xmpp
