// Every stage against every element: what comes back, and what the owner is told. Nothing else happens.
#include "stream/client_stream.h"

#include <gtest/gtest.h>

#include <functional>

#include "connection.h"

namespace stream {
namespace {

struct Stage {
  const char* name;
  std::function<void(Connection&)> reach;
};

void begin_scram(Connection& connection, const std::string& element) {
  connection.secure();
  connection.feed(kHeader);
  connection.feed(element);
  connection.negotiation.on_credentials(keys_for(Hash::sha256, "pencil"));
}

const Stage kStages[] = {
    {"plain", [](Connection& c) { c.feed(kHeader); }},
    {"login",
     [](Connection& c) {
       c.secure();
       c.feed(kHeader);
     }},
    {"sasl", [](Connection& c) { begin_scram(c, auth("SCRAM-SHA-256", "n,,n=romeo,r=abc")); }},
    {"sasl2", [](Connection& c) { begin_scram(c, authenticate("SCRAM-SHA-256", "n,,n=romeo,r=abc")); }},
    {"unbound",
     [](Connection& c) {
       c.secure();
       log_in(c);
     }},
    {"bound",
     [](Connection& c) {
       c.secure();
       bind(c);
     }},
    {"counted",
     [](Connection& c) {
       c.secure();
       bind(c);
       c.feed("<enable xmlns='urn:xmpp:sm:3'/>");
       c.negotiation.on_sm_enabled({});
     }},
};

struct Row {
  std::string element;
  std::string outcome[7];  // by stage; empty repeats the one before, "-" is nothing at all
};

const std::string kNotAuthorized = "error not-authorized", kOutOfPlace = "error policy-violation",
                  kUnsupported = "error unsupported-stanza-type", kStray = "failure malformed-request",
                  kTooEarly = "failed unexpected-request", kCheck = "check romeo@example.org pencil";

const std::string kBind = "<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>";
const std::string kSession = "<iq type='set' id='s'><session xmlns='urn:ietf:params:xml:ns:xmpp-session'/></iq>";
const std::string kRegister = "<iq type='get' id='r'><query xmlns='jabber:iq:register'/></iq>";
const std::string kMessage = "<message to='juliet@example.org'><body>a</body></message>";
const std::string kResult = "<iq type='result' id='x'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>";
const std::string kSasl = " xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>";

// plain, login, sasl, sasl2, unbound, bound, counted
const Row kTable[] = {
    {"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>",
     {"proceed; start tls", "tls failure", kOutOfPlace, "", "tls failure"}},
    {auth("PLAIN", plain_message("romeo", "pencil")), {"failure encryption-required", kCheck, kOutOfPlace}},
    {authenticate("PLAIN", plain_message("romeo", "pencil")), {"failure encryption-required", kCheck, kOutOfPlace}},
    {auth("ANONYMOUS", ""), {"failure encryption-required", "failure invalid-mechanism", kOutOfPlace}},
    {response("hm"), {kStray, "", "", kOutOfPlace}},
    {response2("hm"), {kStray, "", kOutOfPlace, kStray, kOutOfPlace}},
    {"<abort" + kSasl, {kStray, "", "failure aborted", kOutOfPlace}},
    {"<abort xmlns='urn:xmpp:sasl:2'/>", {kStray, "", kOutOfPlace, "failure aborted", kOutOfPlace}},
    {"<success" + kSasl, {kUnsupported}},
    {kBind, {kNotAuthorized, "", "", "", "bind romeo@example.org ''", "iq not-allowed", kBind}},
    {kSession, {kNotAuthorized, "", "", "", "", "iq result", kSession}},
    {kRegister, {kNotAuthorized, "", "", "", "", kRegister}},
    {kMessage, {kNotAuthorized, "", "", "", "", kMessage}},
    {"<presence/>", {kNotAuthorized, "", "", "", "", "<presence/>"}},
    {kResult, {kNotAuthorized, "", "", "", "", kResult}},
    {"<iq/>", {kNotAuthorized, "", "", "", "", "<iq/>"}},
    {"<enable xmlns='urn:xmpp:sm:3' resume='1' max='60'/>",
     {kTooEarly, "", kOutOfPlace, "", kTooEarly, "enable resume 60", kOutOfPlace}},
    {"<resume xmlns='urn:xmpp:sm:3' h='7' previd='x'/>",
     {kTooEarly, "", kOutOfPlace, "", "resume romeo@example.org x 7", kTooEarly}},
    {"<r xmlns='urn:xmpp:sm:3'/>", {kNotAuthorized, "", kOutOfPlace, "", "-", "-", "r"}},
    {"<a xmlns='urn:xmpp:sm:3' h='4294967295'/>", {kNotAuthorized, "", kOutOfPlace, "", "-", "-", "a 4294967295"}},
    {"<a xmlns='urn:xmpp:sm:3' h='-1'/>", {kNotAuthorized, "", kOutOfPlace, "", "-", "-", "error bad-format"}},
    {"<a xmlns='urn:xmpp:sm:3'/>", {kNotAuthorized, "", kOutOfPlace, "", "-", "-", "error bad-format"}},
    {"<active xmlns='urn:xmpp:csi:0'/>", {kNotAuthorized, "", kOutOfPlace, "", "-", "active"}},
    {"<inactive xmlns='urn:xmpp:csi:0'/>", {kNotAuthorized, "", kOutOfPlace, "", "-", "inactive"}},
    {"<message xmlns='jabber:server'/>", {kUnsupported}},
    {"<query/>", {kUnsupported}},
    {"<enable xmlns='urn:xmpp:carbons:2'/>", {kUnsupported}},
    {"<stream:features/>", {kUnsupported}},
    {"<stream:error/>", {kUnsupported}},
};

/// What came back and what the owner was told, in one line; an error must end the stream, and nothing else may.
std::string outcome(Connection& connection, const std::string& element) {
  connection.feed(element);
  std::string text = gist(connection.sent());
  std::string told = connection.news();
  const bool ended = text.starts_with("error ") || text == "tls failure";
  EXPECT_EQ(connection.times_closed, ended ? 1 : 0);
  EXPECT_EQ(connection.negotiation.is_closed(), ended);
  if (ended) {
    EXPECT_EQ(told, text == "tls failure" ? "closed policy-violation" : "closed " + text.substr(6));
    return text;
  }
  if (!text.empty() && !told.empty()) text += "; ";
  text += told;
  return text.empty() ? "-" : text;
}

TEST(ClientStream, EveryElementAtEveryStage) {
  for (const Row& row : kTable) {
    std::string expected;
    for (std::size_t i = 0; i < std::size(kStages); ++i) {
      if (!row.outcome[i].empty()) expected = row.outcome[i];
      SCOPED_TRACE(std::string(kStages[i].name) + ": " + row.element);
      Connection connection;
      kStages[i].reach(connection);
      connection.sent();
      connection.news();
      EXPECT_EQ(outcome(connection, row.element), expected);
    }
  }
}

TEST(ClientStream, AfterTheEndNothingHappens) {
  for (const Stage& stage : kStages) {
    for (const Row& row : kTable) {
      SCOPED_TRACE(std::string(stage.name) + ": " + row.element);
      Connection connection;
      stage.reach(connection);
      connection.negotiation.close();
      connection.sent();
      connection.news();
      connection.negotiation.on_element(*xml::parse_element("<presence xmlns='jabber:client'/>"));
      connection.feed(row.element);
      connection.negotiation.on_end();
      connection.negotiation.close();
      connection.negotiation.fail({xmpp::StreamCondition::reset, {}});
      EXPECT_EQ(connection.sent(), "");
      EXPECT_EQ(connection.news(), "");
    }
  }
}

}  // namespace
}  // namespace stream
