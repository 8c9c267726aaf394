#include <gtest/gtest.h>

#include "connection.h"
#include "stream/client_stream.h"

namespace stream {
namespace {

const xmpp::Jid kOrchard = xmpp::Jid::from_prepared("romeo@example.org/orchard");
const std::string kResume = "<resume xmlns='urn:xmpp:sm:3' previd='old' h='7'/>";
const std::string kFeatures =
    "<csi xmlns='urn:xmpp:csi:0'/><ver xmlns='urn:xmpp:features:rosterver'/></stream:features>";

/// Authenticated by classic SASL, with a new header.
void to_unbound(Connection& connection) {
  connection.secure();
  log_in(connection);
}

/// SASL2 with `requests` inside, up to where they are answered.
void to_sasl2(Connection& connection, const std::string& requests) {
  connection.secure();
  connection.feed(kHeader);
  connection.feed(authenticate("PLAIN", plain_message("romeo", "pencil"), requests));
  connection.negotiation.on_password_checked(true);
  connection.sent();
  connection.news();
  connection.negotiation.continue_after_move();
}

std::string success(const std::string& identity, const std::string& results) {
  return "<success xmlns='urn:xmpp:sasl:2'><authorization-identifier>" + identity + "</authorization-identifier>" +
         results + "</success>";
}

// ---- classic binding (RFC 6120 7) ----

std::string bind_iq(const std::string& inner) {
  return "<iq type='set' id='b1'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>" + inner + "</bind></iq>";
}

TEST(Session, ClassicBinding) {
  Connection connection;
  to_unbound(connection);
  connection.feed(bind_iq("<resource>orchard</resource>") + "<presence/>");
  EXPECT_EQ(connection.news(), "bind romeo@example.org 'orchard'");
  EXPECT_FALSE(connection.negotiation.is_established());
  connection.negotiation.on_bound(kOrchard);
  EXPECT_EQ(connection.sent(),
            "<iq type='result' id='b1'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>"
            "<jid>romeo@example.org/orchard</jid></bind></iq>");
  EXPECT_TRUE(connection.negotiation.is_established());
  connection.pump();
  EXPECT_EQ(connection.news(), "established romeo@example.org/orchard\n<presence/>");
}

TEST(Session, BindingMayFailAndBeTriedAgain) {
  Connection connection;
  to_unbound(connection);
  connection.feed(bind_iq("<resource>\xe2\x80\xae</resource>"));
  connection.negotiation.on_bind_failed({xmpp::Condition::bad_request, "No resource."});
  EXPECT_EQ(connection.sent(),
            "<iq type='error' id='b1'><error type='modify'>"
            "<bad-request xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>"
            "<text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas' xml:lang='en'>No resource.</text></error></iq>");
  connection.feed("<iq type='set'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>");
  EXPECT_EQ(gist(connection.sent()), "iq bad-request");
  connection.news();
  connection.feed(bind_iq(""));
  EXPECT_EQ(connection.news(), "bind romeo@example.org ''");
}

TEST(Session, LegacySessionAndSecondBind) {
  Connection connection;
  connection.secure();
  bind(connection);
  connection.feed("<iq type='set' id='s'><session xmlns='urn:ietf:params:xml:ns:xmpp-session'/></iq>");
  EXPECT_EQ(connection.sent(), "<iq type='result' id='s'/>");
  connection.feed(bind_iq(""));
  EXPECT_EQ(connection.sent(),
            "<iq type='error' id='b1'><error type='cancel'>"
            "<not-allowed xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>");
  EXPECT_EQ(connection.news(), "");
}

// ---- stream management (XEP-0198) ----

TEST(Session, StreamManagementIsEnabledOnce) {
  Connection connection;
  connection.secure();
  bind(connection);
  connection.feed("<enable xmlns='urn:xmpp:sm:3' resume='true'/><r xmlns='urn:xmpp:sm:3'/>");
  EXPECT_EQ(connection.news(), "enable resume");
  EXPECT_FALSE(connection.negotiation.sm_enabled());
  connection.negotiation.on_sm_enabled({.id = "new", .max = 600});
  EXPECT_TRUE(connection.negotiation.sm_enabled());
  EXPECT_EQ(connection.sent(), "<enabled xmlns='urn:xmpp:sm:3' id='new' resume='true' max='600'/>");
  connection.pump();
  EXPECT_EQ(connection.news(), "r");
  connection.feed("<enable xmlns='urn:xmpp:sm:3'/>");
  EXPECT_EQ(gist(connection.sent()), "error policy-violation");
}

TEST(Session, StreamManagementMayBeRefused) {
  Connection connection;
  connection.secure();
  bind(connection);
  connection.feed("<enable xmlns='urn:xmpp:sm:3'/>");
  connection.negotiation.on_sm_failed(xmpp::Condition::internal_server_error);
  EXPECT_EQ(gist(connection.sent()), "failed internal-server-error");
  EXPECT_FALSE(connection.negotiation.sm_enabled());
  connection.feed("<r xmlns='urn:xmpp:sm:3'/><presence/>");
  EXPECT_EQ(connection.news(), "enable\n<presence/>");
  connection.feed("<enable xmlns='urn:xmpp:sm:3'/>");  // XEP-0198 3: one attempt
  EXPECT_EQ(gist(connection.sent()), "error policy-violation");
}

TEST(Session, WithoutStreamManagementNothingIsAsked) {
  auto offer = Connection::standard_offer();
  offer->stream_management = false;
  Connection connection(offer);
  to_unbound(connection);
  connection.feed(kResume);
  EXPECT_EQ(gist(connection.sent()), "failed feature-not-implemented");
  connection.feed(bind_iq(""));
  connection.negotiation.on_bound(kOrchard);
  connection.feed("<enable xmlns='urn:xmpp:sm:3'/>");
  EXPECT_EQ(gist(connection.sent()), "failed feature-not-implemented");
  Connection inside(offer);
  to_sasl2(inside, kResume + "<bind xmlns='urn:xmpp:bind:0'><enable xmlns='urn:xmpp:sm:3'/></bind>");
  inside.negotiation.on_bound(kOrchard);
  const std::string failed =
      "<failed xmlns='urn:xmpp:sm:3'><feature-not-implemented xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></failed>";
  EXPECT_EQ(inside.sent(),
            success("romeo@example.org/orchard", failed + "<bound xmlns='urn:xmpp:bind:0'>" + failed + "</bound>") +
                "<stream:features>" + kFeatures);
}

TEST(Session, ClassicResumption) {
  Connection connection;
  to_unbound(connection);
  connection.feed(kResume);
  EXPECT_EQ(connection.news(), "resume romeo@example.org old 7");
  connection.negotiation.on_resumed(kOrchard, 4294967295U);
  EXPECT_EQ(connection.sent(), "<resumed xmlns='urn:xmpp:sm:3' previd='old' h='4294967295'/>");
  EXPECT_EQ(connection.news(), "resumed romeo@example.org/orchard");
  EXPECT_TRUE(connection.negotiation.is_established());
  EXPECT_TRUE(connection.negotiation.sm_enabled());
  connection.feed("<enable xmlns='urn:xmpp:sm:3'/>");
  EXPECT_EQ(gist(connection.sent()), "error policy-violation");
}

// SECURITY C11
TEST(Session, AfterAFailedResumptionBindingIsPossible) {
  Connection connection;
  to_unbound(connection);
  connection.feed(kResume);
  connection.negotiation.on_resume_failed(3);
  EXPECT_EQ(connection.sent(),
            "<failed xmlns='urn:xmpp:sm:3' h='3'>"
            "<item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></failed>");
  connection.feed("<resume xmlns='urn:xmpp:sm:3' previd='" + std::string(5000, 'x') + "' h='7'/>");
  EXPECT_EQ(gist(connection.sent()), "failed item-not-found");
  connection.feed("<resume xmlns='urn:xmpp:sm:3' previd='x' h='many'/>");
  EXPECT_EQ(gist(connection.sent()), "failed bad-request");
  connection.news();
  connection.feed(bind_iq(""));
  EXPECT_EQ(connection.news(), "bind romeo@example.org ''");
}

// ---- requests inside SASL2 ----

TEST(Session, Sasl2AloneLeavesBindingToTheClient) {
  Connection connection;
  to_sasl2(connection, "");
  const std::string sent = connection.sent();
  EXPECT_TRUE(sent.starts_with(success("romeo@example.org", "") + "<stream:features><bind xmlns='urn:ietf:params:"))
      << sent;
  EXPECT_EQ(connection.news(), "");
  connection.feed(bind_iq("<resource>orchard</resource>"));  // without a new header
  EXPECT_EQ(connection.news(), "bind romeo@example.org 'orchard'");
}

TEST(Session, Bind2) {
  Connection connection;
  const std::string request =
      "<bind xmlns='urn:xmpp:bind:0'><tag>Verona</tag><enable xmlns='urn:xmpp:carbons:2'/></bind>";
  to_sasl2(connection, "<user-agent id='d4565fa7-4d72-4749-b3d3-740edbf87770'/>" + request);
  const std::string asked = connection.news();
  EXPECT_TRUE(asked.starts_with("bind romeo@example.org 'Verona/")) << asked;
  EXPECT_TRUE(asked.ends_with(request)) << asked;
  EXPECT_EQ(connection.sent(), "");
  xml::Document bound("urn:xmpp:bind:0", "bound");
  bound.root().add("metadata", "urn:xmpp:mam:2");
  connection.negotiation.on_bound(kOrchard, std::move(bound));
  EXPECT_EQ(connection.sent(), success("romeo@example.org/orchard",
                                       "<bound xmlns='urn:xmpp:bind:0'><metadata xmlns='urn:xmpp:mam:2'/></bound>") +
                                   "<stream:features><sm xmlns='urn:xmpp:sm:3'/>" + kFeatures);
  EXPECT_EQ(connection.news(), "established romeo@example.org/orchard");
}

TEST(Session, Bind2EnablesStreamManagement) {
  Connection connection;
  to_sasl2(connection, "<bind xmlns='urn:xmpp:bind:0'><enable xmlns='urn:xmpp:sm:3' resume='1'/></bind>");
  connection.news();
  connection.negotiation.on_bound(kOrchard);
  EXPECT_EQ(connection.news(), "enable resume");
  connection.negotiation.on_sm_enabled({.id = "new"});
  EXPECT_EQ(connection.sent(),
            success("romeo@example.org/orchard",
                    "<bound xmlns='urn:xmpp:bind:0'><enabled xmlns='urn:xmpp:sm:3' id='new' resume='true'/></bound>") +
                "<stream:features>" + kFeatures);
  EXPECT_EQ(connection.news(), "established romeo@example.org/orchard");
  EXPECT_TRUE(connection.negotiation.sm_enabled());
}

TEST(Session, InlineResumptionLeavesBindAlone) {
  Connection connection;
  to_sasl2(connection, "<bind xmlns='urn:xmpp:bind:0'/>" + kResume);
  EXPECT_EQ(connection.news(), "resume romeo@example.org old 7");
  connection.negotiation.on_resumed(kOrchard, 3);
  EXPECT_EQ(connection.sent(),
            success("romeo@example.org/orchard", "<resumed xmlns='urn:xmpp:sm:3' previd='old' h='3'/>"));
  EXPECT_EQ(connection.news(), "resumed romeo@example.org/orchard");
}

TEST(Session, FailedInlineResumptionBinds) {
  const std::string failed =
      "<failed xmlns='urn:xmpp:sm:3' h='3'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></failed>";
  Connection connection;
  to_sasl2(connection, kResume + "<bind xmlns='urn:xmpp:bind:0'/>");
  connection.news();
  connection.negotiation.on_resume_failed(3);
  EXPECT_TRUE(connection.news().starts_with("bind romeo@example.org '"));
  connection.negotiation.on_bound(kOrchard);
  EXPECT_TRUE(connection.sent().starts_with(
      success("romeo@example.org/orchard", failed + "<bound xmlns='urn:xmpp:bind:0'/>") + "<stream:features><sm "));
  Connection alone;
  to_sasl2(alone, kResume);
  alone.negotiation.on_resume_failed(3);
  EXPECT_TRUE(alone.sent().starts_with(success("romeo@example.org", failed) + "<stream:features><bind "));
  Connection malformed;
  to_sasl2(malformed, "<resume xmlns='urn:xmpp:sm:3'/>");
  EXPECT_TRUE(
      malformed.sent().contains("<bad-request xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></failed></success>"));
}

TEST(Session, BindingThatFailsInsideSasl2EndsTheStream) {
  const std::pair<xmpp::Condition, const char*> table[] = {
      {xmpp::Condition::resource_constraint, "error resource-constraint"},
      {xmpp::Condition::not_authorized, "error not-authorized"},
      {xmpp::Condition::conflict, "error conflict"},
      {xmpp::Condition::policy_violation, "error policy-violation"},
      {xmpp::Condition::internal_server_error, "error internal-server-error"},
      {xmpp::Condition::bad_request, "error internal-server-error"},
  };
  for (const auto& [condition, outcome] : table) {
    Connection connection;
    to_sasl2(connection, "<bind xmlns='urn:xmpp:bind:0'/>");
    connection.negotiation.on_bind_failed(condition);
    EXPECT_EQ(gist(connection.sent()), outcome);
  }
}

/// The resource that a Bind 2 request leads to.
std::string resource(const std::string& user_agent, const std::string& tag, std::string_view username = "romeo") {
  Connection connection;
  connection.secure();
  connection.feed(kHeader);
  connection.feed(authenticate("PLAIN", plain_message(username, "pencil"),
                               user_agent + "<bind xmlns='urn:xmpp:bind:0'>" + tag + "</bind>"));
  connection.negotiation.on_password_checked(true);
  connection.news();
  connection.negotiation.continue_after_move();
  const std::string asked = connection.news();
  const std::size_t from = asked.find('\'') + 1;
  return asked.substr(from, asked.find('\'', from) - from);
}

// XEP-0386 3.2.1
TEST(Session, ResourcesAreStableForAnInstallation) {
  const std::string phone = "<user-agent id='d4565fa7-4d72-4749-b3d3-740edbf87770'/>", tag = "<tag>Verona</tag>";
  const std::string first = resource(phone, tag);
  EXPECT_EQ(first.size(), 7 + 12U);
  EXPECT_EQ(resource(phone, tag), first);
  EXPECT_EQ(resource(phone, ""), first.substr(7));
  EXPECT_NE(resource("<user-agent id='another'/>", tag), first);
  EXPECT_NE(resource(phone, tag, "juliet"), first);
  EXPECT_EQ(resource("", tag).size(), 7 + 12U);
  EXPECT_NE(resource("", tag), first);
  EXPECT_FALSE(first.contains("d4565fa7"));
}

TEST(Session, ATagThatCanBeNoResourceIsLeftOut) {
  for (const std::string& tag :
       {std::string("<tag/>"), "<tag>" + std::string(1020, 'x') + "</tag>", std::string("<tag>a&#x85;b</tag>"),
        std::string("<tag>\xef\xbf\xbd\xf4\x8f\xbf\xbd</tag>")}) {
    EXPECT_EQ(resource("", tag).size(), 12U) << tag.substr(0, 40);
  }
}

}  // namespace
}  // namespace stream
