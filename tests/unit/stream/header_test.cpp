#include "stream/header.h"

#include <gtest/gtest.h>

#include "connection.h"

namespace stream {
namespace {

const std::string kStreams = "xmlns:stream='http://etherx.jabber.org/streams' ";
const std::string kClient = "xmlns='jabber:client' ";

std::string header_with(const std::string& attributes) {
  return "<stream:stream " + kClient + kStreams + attributes + ">";
}

struct Case {
  std::string header;
  const char* outcome;    // of gist(), or what is sent where no error is
  const char* addresses;  // of the answering header
};

// RFC 6120 4.7 and 4.9; SECURITY S01 to S04
const Case kRefused[] = {
    {"<stream:stream " + kClient + "xmlns:stream='jabber:streams' to='example.org' version='1.0'>", "invalid-namespace",
     "from='example.org'"},
    {"<stream " + kClient + "to='example.org' version='1.0'>", "invalid-namespace", "from='example.org'"},
    {"<stream:stream xmlns='jabber:server' " + kStreams + "to='example.net' version='1.0'>", "invalid-namespace",
     "from='example.net'"},
    {"<stream:stream " + kStreams + "to='example.org' version='1.0'>", "invalid-namespace", "from='example.org'"},
    {"<stream:features " + kClient + kStreams + "to='example.org' version='1.0'>", "bad-format", "from='example.org'"},
    {header_with("to='example.org'"), "unsupported-version", "from='example.org'"},
    {header_with("to='example.org' version=''"), "unsupported-version", "from='example.org'"},
    {header_with("to='example.org' version='0.9'"), "unsupported-version", "from='example.org'"},
    {header_with("to='example.org' version='1'"), "unsupported-version", "from='example.org'"},
    {header_with("to='example.org' version='one.0'"), "unsupported-version", "from='example.org'"},
    {header_with("version='1.0'"), "host-unknown", "from='example.org'"},
    {header_with("to='' version='1.0'"), "host-unknown", "from='example.org'"},
    {header_with("to='example.com' version='1.0'"), "host-unknown", "from='example.org'"},
    {header_with("to='romeo@example.org' version='1.0'"), "improper-addressing", "from='example.org'"},
    {header_with("to='example.org/x' version='1.0'"), "improper-addressing", "from='example.org'"},
    {header_with("to='exa mple.org' version='1.0'"), "improper-addressing", "from='example.org'"},
    {header_with("to='example.org' from='@' version='1.0'"), "invalid-from", "from='example.org'"},
    {header_with("to='example.org' from='example.org' version='1.0'"), "invalid-from", "from='example.org'"},
    {header_with("to='example.org' from='romeo@example.net' version='1.0'"), "invalid-from", "from='example.org'"},
    {"GET / HTTP/1.1\r\n\r\n", "not-well-formed", "from='example.org'"},
    {"\x16\x03\x01", "not-well-formed", "from='example.org'"},
    {"<!DOCTYPE x>", "restricted-xml", "from='example.org'"},
    {"<?xml version='1.0' encoding='ISO-8859-1'?>", "unsupported-encoding", "from='example.org'"},
    {"<stream:stream to='" + std::string(20000, 'a'), "policy-violation", "from='example.org'"},
};

TEST(Header, RefusedAfterOurOwn) {
  for (const Case& row : kRefused) {
    SCOPED_TRACE(row.header.substr(0, 200));
    Connection connection;
    connection.feed(row.header);
    const std::string sent = connection.sent();
    EXPECT_TRUE(sent.starts_with("<?xml version='1.0'?><stream:stream " + std::string(row.addresses) + " id=''"));
    EXPECT_EQ(gist(sent), "error " + std::string(row.outcome));
    EXPECT_TRUE(sent.ends_with("</stream:error></stream:stream>"));
    EXPECT_EQ(connection.news(), "closed " + std::string(row.outcome));
    EXPECT_FALSE(connection.negotiation.wants_input());
  }
}

const Case kTaken[] = {
    {header_with("to='example.org' version='1.0'"), "", "from='example.org'"},
    {header_with("to='EXAMPLE.NET.' version='7.3'"), "", "from='example.net'"},
    {header_with("to='example.org' version='1.12' from='Romeo@Example.org/orchard'"), "",
     "from='example.org' to='romeo@example.org'"},
    {header_with("to='example.org' version='1.0' from=''"), "", "from='example.org'"},
    {"<?xml version='1.0' encoding='utf-8'?>\n<s:stream xmlns:s='http://etherx.jabber.org/streams' " + kClient +
         "to='example.org' version='1.0'>",
     "", "from='example.org'"},
};

TEST(Header, TakenAndAnswered) {
  for (const Case& row : kTaken) {
    SCOPED_TRACE(row.header);
    Connection connection;
    connection.feed(row.header);
    EXPECT_EQ(connection.sent(),
              "<?xml version='1.0'?><stream:stream " + std::string(row.addresses) +
                  " id='' version='1.0' xml:lang='en' xmlns='jabber:client' "
                  "xmlns:stream='http://etherx.jabber.org/streams'><stream:features>"
                  "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls></stream:features>");
    EXPECT_EQ(connection.news(), "");
    EXPECT_TRUE(connection.negotiation.wants_input());
  }
}

TEST(Header, TheClientsLanguageIsKept) {
  Connection connection;
  connection.feed(header_with("to='example.org' version='1.0' xml:lang='de-AT'"));
  EXPECT_EQ(connection.negotiation.lang(), "de-AT");
  EXPECT_EQ(connection.negotiation.host(), "example.org");
  Connection endless;
  endless.feed(header_with("to='example.org' version='1.0' xml:lang='" + std::string(36, 'x') + "'"));
  EXPECT_EQ(endless.negotiation.lang(), "");
}

TEST(Header, IdsHave128BitsAndDifferByStream) {
  Connection connection;
  connection.feed(kHeader);
  const std::string first = connection.stream_id;
  EXPECT_EQ(first.size(), 22U);  // in base64url
  connection.feed("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
  connection.secure();
  connection.feed(kHeader);
  EXPECT_EQ(connection.stream_id.size(), 22U);
  EXPECT_NE(connection.stream_id, first);
}

TEST(Header, ValuesAreEscaped) {
  EXPECT_EQ(header_xml({.content_ns = "jabber:client", .from = "a'&<b"}),
            "<?xml version='1.0'?><stream:stream from='a&apos;&amp;&lt;b' version='1.0' xml:lang='en' "
            "xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>");
}

// ---- between servers ----

struct ServerRow {
  const char* attributes;
  const char *from, *to, *error;
};

const ServerRow kServers[] = {
    {"from='Example.NET.' to='EXAMPLE.org' id='1' version='1.0'", "example.net", "example.org", ""},
    {"version='1.0'", "", "", ""},
    {"from='' to='' version='1.0'", "", "", ""},
    {"from='romeo@example.net' to='example.org' version='1.0'", "", "example.org", "invalid-from"},
    {"from='example.net' to='exa mple.org' version='1.0'", "example.net", "", "improper-addressing"},
    {"from='example.net' to='example.org'", "example.net", "example.org", "unsupported-version"},
};

TEST(ServerHeader, Read) {
  for (const ServerRow& row : kServers) {
    SCOPED_TRACE(row.attributes);
    const auto header = xml::parse_element("<stream:stream " + kStreams + row.attributes + "/>");
    ASSERT_TRUE(header);
    const ServerHeader read = read_server_header(header->root(), "jabber:server");
    EXPECT_EQ(read.from, row.from);
    EXPECT_EQ(read.to, row.to);
    EXPECT_EQ(read.error ? to_string(read.error->condition) : "", row.error);
    const ServerHeader clients = read_server_header(header->root(), "jabber:client");
    ASSERT_TRUE(clients.error);
    EXPECT_EQ(clients.error->condition, xmpp::StreamCondition::invalid_namespace);
  }
}

TEST(ServerHeader, BindsDialbacksPrefix) {
  EXPECT_EQ(header_xml({.content_ns = "jabber:server", .dialback_ns = "jabber:server:dialback"}),
            "<?xml version='1.0'?><stream:stream version='1.0' xml:lang='en' xmlns='jabber:server' "
            "xmlns:stream='http://etherx.jabber.org/streams' xmlns:db='jabber:server:dialback'>");
}

}  // namespace
}  // namespace stream
