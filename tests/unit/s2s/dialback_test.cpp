#include "s2s/dialback.h"

#include <gtest/gtest.h>

#include "xml/stream_reader.h"

namespace s2s {
namespace {

DialbackKeys keys_of(std::string secret) { return DialbackKeys(base::Secret(std::move(secret))); }

struct Vector {
  const char *secret, *receiving, *originating, *id, *key;
};

// XEP-0185 3 and XEP-0220 2.1.1
const Vector kVectors[] = {
    {"s3cr3tf0rd14lb4ck", "xmpp.example.com", "example.org", "D60000229F",
     "37c69b1cf07a3f67c04a5ef5902fa5114f2c76fe4a2686482ba5b89323075643"},
    {"s3cr3tf0rd14lb4ck", "montague.example", "capulet.example", "D60000229F",
     "b4835385f37fe2895af6c196b59097b16862406db80559900d96bf6fa7d23df3"},
};

TEST(DialbackKey, AsTheXepsHaveIt) {
  for (const Vector& row : kVectors) {
    SCOPED_TRACE(row.receiving);
    const DialbackKeys keys = keys_of(row.secret);
    EXPECT_EQ(keys.key(row.receiving, row.originating, row.id), row.key);
    EXPECT_TRUE(keys.matches(row.receiving, row.originating, row.id, row.key));
  }
}

// Each input counts: a key is good for one pair, one direction and one stream.
TEST(DialbackKey, FitsNothingElse) {
  const DialbackKeys keys = keys_of("secret");
  const std::string key = keys.key("example.org", "example.net", "id");
  EXPECT_FALSE(keys.matches("example.net", "example.org", "id", key));
  EXPECT_FALSE(keys.matches("example.org", "example.com", "id", key));
  EXPECT_FALSE(keys.matches("example.org", "example.net", "id2", key));
  EXPECT_FALSE(keys.matches("example.org", "example.net", "id", key.substr(1)));
  EXPECT_FALSE(keys.matches("example.org", "example.net", "id", ""));
  EXPECT_FALSE(keys_of("other").matches("example.org", "example.net", "id", key));
}

// "a.inform.b" may be cut in two ways (XEP-0185 2, note 5; CVE-2016-0756).
TEST(DialbackKey, FieldsAreKeptApart) {
  const DialbackKeys keys = keys_of("secret");
  EXPECT_NE(keys.key("example.info", "rm.example.org", "id"), keys.key("example.in", "form.example.org", "id"));
}

base::Result<Dialback, xmpp::StreamError> read(std::string_view text) {
  const auto parsed = xml::parse_element(text);
  EXPECT_TRUE(parsed);
  return read_dialback(parsed->root());
}

std::string element(std::string_view text) {
  std::string out(text);
  out.insert(out.find_first_of(" />", 1), " xmlns:db='jabber:server:dialback'");
  return out;
}

// What is read is written again, up to the spelling.
const char* const kRead[] = {
    "<db:result from='example.net' to='example.org'>key</db:result>",
    "<db:result from='example.net' to='example.org' type='valid'/>",
    "<db:result from='example.net' to='example.org' type='invalid'/>",
    ("<db:result from='example.net' to='example.org' type='error'><error type='cancel'><item-not-found "
     "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></db:result>"),
    "<db:verify from='example.net' to='example.org' id='a&amp;b'>k&lt;y</db:verify>",
    "<db:verify from='example.net' to='example.org' id='1' type='valid'/>",
};

TEST(DialbackElement, ReadAndWritten) {
  for (const char* row : kRead) {
    SCOPED_TRACE(row);
    const auto dialback = read(element(row));
    ASSERT_TRUE(dialback);
    EXPECT_EQ(to_xml(*dialback), row);
  }
}

TEST(DialbackElement, Prepared) {
  const auto dialback = read(element("<db:result from='Example.NET.' to='EXAMPLE.org'>\n key \n</db:result>"));
  ASSERT_TRUE(dialback);
  EXPECT_EQ(to_xml(*dialback), "<db:result from='example.net' to='example.org'>key</db:result>");
}

TEST(DialbackElement, UnknownErrorIsAnError) {
  const auto dialback =
      read(element("<db:result from='a.example' to='b.example' type='error'><error><remote-connection-failed "
                   "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></db:result>"));
  ASSERT_TRUE(dialback);
  EXPECT_EQ(dialback->type, DialbackType::error);
  EXPECT_EQ(dialback->condition, xmpp::Condition::undefined_condition);
}

struct Bad {
  const char* text;
  const char* condition;
};

// SECURITY F01 and F03
const Bad kRefused[] = {
    {"<db:result to='example.org'>key</db:result>", "improper-addressing"},
    {"<db:result from='example.net'>key</db:result>", "improper-addressing"},
    {"<db:result from='' to='example.org'>key</db:result>", "improper-addressing"},
    {"<db:result from='romeo@example.net' to='example.org'>key</db:result>", "improper-addressing"},
    {"<db:result from='exa mple.net' to='example.org'>key</db:result>", "improper-addressing"},
    {"<db:result from='example.net' to='example.org/x'>key</db:result>", "improper-addressing"},
    {"<db:result from='example.net' to='example.org'/>", "bad-format"},
    {"<db:result from='example.net' to='example.org'> </db:result>", "bad-format"},
    {"<db:result from='example.net' to='example.org' type='VALID'/>", "bad-format"},
    {"<db:result from='example.net' to='example.org' type=''>key</db:result>", "bad-format"},
    {"<db:verify from='example.net' to='example.org'>key</db:verify>", "bad-format"},
    {"<db:verify from='example.net' to='example.org' type='valid'/>", "bad-format"},
    {"<db:other from='example.net' to='example.org'>key</db:other>", "bad-format"},
};

TEST(DialbackElement, Refused) {
  for (const Bad& row : kRefused) {
    SCOPED_TRACE(row.text);
    const auto dialback = read(element(row.text));
    ASSERT_FALSE(dialback);
    EXPECT_EQ(xmpp::to_string(dialback.error().condition), row.condition);
  }
}

}  // namespace
}  // namespace s2s
