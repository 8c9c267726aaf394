#include "stream/sasl_elements.h"

#include <gtest/gtest.h>

#include "xml/stream_reader.h"

namespace stream {
namespace {

xml::Document classic(const std::string& text) {
  return *xml::parse_element("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>" + text + "</auth>");
}
xml::Document extended(const std::string& inner) {
  return *xml::parse_element("<authenticate xmlns='urn:xmpp:sasl:2' mechanism='PLAIN'>" + inner + "</authenticate>");
}
std::string initial(const std::string& text) { return "<initial-response>" + text + "</initial-response>"; }

std::string read(const xml::Document& auth) {
  const InitialResponse response = read_initial_response(auth.root());
  if (!response) return std::string(to_string(response.error().condition));
  return *response ? "'" + **response + "'" : "none";
}

// RFC 6120 6.4.2 and XEP-0388 2.2; SECURITY A03
TEST(SaslElements, InitialResponses) {
  const struct {
    const char *text, *in_sasl, *in_sasl2;
  } table[] = {
      {"", "none", "''"},
      {"=", "''", "incorrect-encoding"},
      {"YWJj", "'abc'", "'abc'"},
      {"YW=", "incorrect-encoding", "incorrect-encoding"},
      {"YWJj\n", "incorrect-encoding", "incorrect-encoding"},
      {"Y W J j", "incorrect-encoding", "incorrect-encoding"},
      {"====", "incorrect-encoding", "incorrect-encoding"},
      {"YWJ_", "incorrect-encoding", "incorrect-encoding"},
  };
  for (const auto& row : table) {
    EXPECT_EQ(read(classic(row.text)), row.in_sasl) << row.text;
    EXPECT_EQ(read(extended(initial(row.text))), row.in_sasl2) << row.text;
  }
  EXPECT_EQ(read(extended("")), "none");
  EXPECT_EQ(read(extended("<initial-response xmlns='other'>YWJj</initial-response>")), "none");
}

TEST(SaslElements, Responses) {
  const auto sasl = xml::parse_element("<response xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>YWJj</response>");
  EXPECT_EQ(read_response(sasl->root()), "abc");
  const auto empty = xml::parse_element("<response xmlns='urn:xmpp:sasl:2'/>");
  EXPECT_EQ(read_response(empty->root()), "");
  const auto bad = xml::parse_element("<response xmlns='urn:xmpp:sasl:2'>!</response>");
  EXPECT_EQ(read_response(bad->root()).error().condition, SaslCondition::incorrect_encoding);
}

TEST(SaslElements, Written) {
  EXPECT_EQ(challenge_xml(Profile::sasl, "abc"),
            "<challenge xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>YWJj</challenge>");
  EXPECT_EQ(challenge_xml(Profile::sasl2, ""), "<challenge xmlns='urn:xmpp:sasl:2'/>");
  EXPECT_EQ(failure_xml(Profile::sasl, {SaslCondition::aborted, {}}),
            "<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><aborted/></failure>");
  EXPECT_EQ(failure_xml(Profile::sasl2, {SaslCondition::not_authorized, "a<b"}),
            "<failure xmlns='urn:xmpp:sasl:2'><not-authorized xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>"
            "<text xml:lang='en'>a&lt;b</text></failure>");
  EXPECT_EQ(success_xml(""), "<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>");
  EXPECT_EQ(success_xml("abc"), "<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>YWJj</success>");
  EXPECT_EQ(success_xml("", "a@b/<c", "<x/>"),
            "<success xmlns='urn:xmpp:sasl:2'><authorization-identifier>a@b/&lt;c</authorization-identifier><x/>"
            "</success>");
  EXPECT_EQ(success_xml("abc", "a@b", ""),
            "<success xmlns='urn:xmpp:sasl:2'><additional-data>YWJj</additional-data>"
            "<authorization-identifier>a@b</authorization-identifier></success>");
}

}  // namespace
}  // namespace stream
