#include "xmpp/stored.h"

#include <gtest/gtest.h>

#include <string>

#include "parse.h"
#include "xml/writer.h"

namespace xmpp {
namespace {

TEST(Stored, ComesBackAsItWent) {
  const auto message = Stanza::parse(parsed("<message xmlns='jabber:client' id='1' from='mallory@evil.example'>"
                                            "<body>a &lt; b</body><x xmlns='urn:x'><y xmlns='urn:y' z='&#10;'/></x>"
                                            "</message>"))
                           .value();
  const std::string text = to_stored(*message, Jid::parse("romeo@example.org/o").value(), {}, {});
  EXPECT_EQ(text,
            "<message xmlns='jabber:client' from='romeo@example.org/o' id='1'><body>a &lt; b</body>"
            "<x xmlns='urn:x'><y xmlns='urn:y' z='&#10;'/></x></message>");
  EXPECT_EQ(xml::to_string(from_stored(text)->root()), text);
}

TEST(Stored, LargeAndDeepStanzasComeBack) {
  std::string text = "<message xmlns='jabber:client'><body>" + std::string(400000, 'a') + "</body>";
  for (int i = 0; i < 2000; ++i) text += "<x xmlns='urn:x" + std::to_string(i) + "'>";
  text += "end";
  for (int i = 0; i < 2000; ++i) text += "</x>";
  text += "</message>";
  const auto back = from_stored(text);
  ASSERT_TRUE(back);
  EXPECT_EQ(xml::to_string(back->root()), text);
}

TEST(Stored, DamageIsSeen) {
  EXPECT_FALSE(from_stored(""));
  EXPECT_FALSE(from_stored("<message xmlns='jabber:client'>"));
  EXPECT_FALSE(from_stored("<message/><message/>"));
}

}  // namespace
}  // namespace xmpp
