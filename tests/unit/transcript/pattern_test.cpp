#include "transcript/pattern.h"

#include <gtest/gtest.h>

#include "transcript/script.h"

namespace transcript {
namespace {

TEST(Pattern, MatchesText) {
  const struct {
    const char* pattern;
    const char* value;
    bool matches;
  } cases[] = {
      {"romeo", "romeo", true},
      {"romeo", "romeo ", false},
      {"{any}", "x", true},
      {"{any}", "", false},
      {"a@b/{any}", "a@b/c", true},
      {"a@b/{any}", "a@b/", false},
      {"{one}-{one}", "ab-ab", true},
      {"{one}-{one}", "ab-cd", false},
      {"{known}!", "juliet!", true},
      {"{known}!", "romeo!", false},
      {"{time}", "2026-11-21T07:42:00Z", true},
      {"{time}", "yesterday", false},
      {"{repeat 3 ab}", "ababab", true},
      {"{base64 \\0a}", "AGE=", true},
  };
  for (const auto& [pattern, value, matches] : cases) {
    Bindings bindings{{"known", "juliet"}};
    EXPECT_EQ(match_text(pattern, value, bindings), matches) << pattern << " against " << value;
  }
}

TEST(Pattern, CapturesOnlyWhenAllMatched) {
  Bindings bindings;
  EXPECT_FALSE(match_text("{id}-x", "abc-y", bindings));
  EXPECT_TRUE(bindings.empty());
  EXPECT_TRUE(match_text("{id}-x", "abc-x", bindings));
  EXPECT_EQ(bindings.at("id"), "abc");
  EXPECT_EQ(fill("<a id='{id}'/>", bindings), "<a id='abc'/>");
  EXPECT_THROW(fill("{unknown}", bindings), Failure);
}

TEST(Pattern, MatchesTrees) {
  const struct {
    const char* expected;
    const char* actual;
    bool matches;
  } cases[] = {
      {"<iq id='1' type='result'/>", "<iq type='result' id='1'/>", true},
      {"<iq id='1'/>", "<iq id='1' from='x'/>", false},
      {"<iq id='1' from='{?}x'/>", "<iq id='1'/>", true},
      {"<iq id='1' from='{?}x'/>", "<iq id='1' from='x'/>", true},
      {"<iq id='1' from='{?}x'/>", "<iq id='1' from='y'/>", false},
      {"<iq><a xmlns='u:1'/></iq>", "<iq><p:a xmlns:p='u:1'/></iq>", true},
      {"<iq><a xmlns='u:1'/></iq>", "<iq><a xmlns='u:2'/></iq>", false},
      {"<iq><a/><b/></iq>", "<iq><b/><a/></iq>", false},
      {"<iq><b/>...</iq>", "<iq><a/><c/><b/></iq>", true},
      {"<iq>...</iq>", "<iq>text<a/></iq>", true},
      {"<iq><d/>...</iq>", "<iq><a/><c/><b/></iq>", false},
      {"<iq><a/></iq>", "<iq><a/><b/></iq>", false},
      {"<iq><a/><b/></iq>", "<iq><a/></iq>", false},
      {"<iq>\n <a/>\n</iq>", "<iq><a/></iq>", true},
      {"<body>Hi</body>", "<body>Hi </body>", false},
      {"<iq><e:bad-request/></iq>", "<iq><bad-request xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></iq>", true},
      {"<iq><a i='{x}'/><b i='{x}'/></iq>", "<iq><a i='1'/><b i='2'/></iq>", false},
  };
  for (const auto& [expected, actual, matches] : cases) {
    Bindings bindings;
    const std::string differs = difference(parse_pattern(expected).root(), parse_pattern(actual).root(), bindings);
    EXPECT_EQ(differs.empty(), matches) << expected << " against " << actual << ": " << differs;
  }
}

TEST(Pattern, TakesAStreamHeader) {
  Bindings bindings;
  const auto expected =
      parse_pattern("<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' id='{id}'>");
  const auto actual =
      parse_pattern("<stream:stream xmlns:stream='http://etherx.jabber.org/streams' xmlns='jabber:client' id='s1'>");
  EXPECT_EQ(difference(expected.root(), actual.root(), bindings), "");
  EXPECT_EQ(bindings.at("id"), "s1");
}

TEST(Pattern, RefusesWhatIsNotOneElement) {
  for (const char* text : {"", "text", "<a>", "<a/><b/>", "<a></b>"})
    EXPECT_THROW(parse_pattern(text), Failure) << text;
}

TEST(Pattern, Unescapes) {
  EXPECT_EQ(unescape("a\\r\\n\\t\\\\"), "a\r\n\t\\");
  EXPECT_EQ(unescape("\\xff\\x00"), std::string("\xff\0", 2));
  EXPECT_THROW(unescape("\\q"), Failure);
}

}  // namespace
}  // namespace transcript
