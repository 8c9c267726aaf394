#include "xmpp/jid.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace xmpp {
namespace {

struct Row {
  std::string rule;
  std::string in;
  std::string out;  ///< empty: refused
};

std::string parsed(const std::string& text) {
  const auto jid = Jid::parse(text);
  return jid ? std::string(jid->str()) : std::string();
}

void check_rows(const std::vector<Row>& rows) {
  for (const Row& row : rows) EXPECT_EQ(parsed(row.in), row.out) << row.rule << ": " << row.in;
}

TEST(Jid, Rfc7622Examples) {
  check_rows({
      // RFC 7622 3.5, table 1
      {"bare", "juliet@example.com", "juliet@example.com"},
      {"full", "juliet@example.com/foo", "juliet@example.com/foo"},
      {"space in the resource", "juliet@example.com/foo bar", "juliet@example.com/foo bar"},
      {"@ in the resource", "juliet@example.com/foo@bar", "juliet@example.com/foo@bar"},
      {"escaped space (XEP-0106)", "foo\\20bar@example.com", "foo\\20bar@example.com"},
      {"two local parts that differ", "fussball@example.com", "fussball@example.com"},
      {"sharp s", "fu\u00DFball@example.com", "fu\u00DFball@example.com"},
      {"Greek", "\u03C0@example.com", "\u03C0@example.com"},
      {"capital sigma", "\u03A3@example.com/foo", "\u03C3@example.com/foo"},
      {"small sigma", "\u03C3@example.com/foo", "\u03C3@example.com/foo"},
      {"final sigma", "\u03C2@example.com/foo", "\u03C2@example.com/foo"},
      {"symbol in the resource", "king@example.com/\u265A", "king@example.com/\u265A"},
      {"domain", "example.com", "example.com"},
      {"domain and resource", "example.com/foobar", "example.com/foobar"},
      {"@ and / in the resource", "a.example.com/b@example.net", "a.example.com/b@example.net"},
      // table 2
      {"quotation marks", "\"juliet\"@example.com", ""},
      {"space in the local part", "foo bar@example.com", ""},
      // The table lists this one as wrong, but OpaqueString, which 3.4 prescribes, keeps spaces wherever they are.
      {"leading space in the resource", "juliet@example.com/ foo", "juliet@example.com/ foo"},
      {"empty local part", "@example.com/", ""},
      {"compatibility code point", "henry\u2163@example.com", ""},
      {"symbol in the local part", "\u265A@example.com", ""},
      {"local part without domain", "juliet@", ""},
      {"resource without domain", "/foobar", ""},
  });
}

TEST(Jid, LocalPart) {
  for (const char c : std::string("\"&'/:<>@ \x01\x7f")) {
    // '/' would start the resource and '@' end the local part, so each is tried through make().
    EXPECT_FALSE(Jid::make(std::string("a") + c + "b", "example.com")) << "RFC 7622 3.3.1: " << int{c};
  }
  check_rows({
      {"case map (RFC 8265 3.3.2)", "JULIET@example.com", "juliet@example.com"},
      {"case map beyond ASCII", "\u00C9A@example.com", "\u00E9a@example.com"},
      {"NFC", "e\u0301@example.com", "\u00E9@example.com"},
      {"width map", "\uFF21\uFF42@example.com", "ab@example.com"},
      {"width map makes an excluded one", "a\uFF06b@example.com", ""},
      {"Kelvin sign has compat", "\u212A@example.com", ""},
      {"old hangul jamo (RFC 8264 9.9)", "\u1100\u1161@example.com", ""},
      {"default ignorable (9.13)", "a\u00ADb@example.com", ""},
      {"unassigned (9.10)", "a\u0378@example.com", ""},
      {"noncharacter", "a\uFFFE@example.com", ""},
      {"private use", "a\uE000@example.com", ""},
      {"tatweel exception (9.6)", "\u0628\u0640@example.com", ""},
      {"empty", "@example.com", ""},
      {"overlong UTF-8", "a\xC0\xAF@example.com", ""},
      {"surrogate in UTF-8", "a\xED\xA0\x80@example.com", ""},
      {"cut UTF-8", "a\xC3@example.com", ""},
  });
}

TEST(Jid, ContextRules) {
  check_rows({
      {"A.1 ZWNJ after virama", "\u0915\u094D\u200C\u0937@example.com", "\u0915\u094D\u200C\u0937@example.com"},
      {"A.1 ZWNJ between joining letters", "\u0628\u200C\u0628@example.com", "\u0628\u200C\u0628@example.com"},
      {"A.1 ZWNJ elsewhere", "a\u200Cb@example.com", ""},
      {"A.2 ZWJ after virama", "\u0915\u094D\u200D\u0937@example.com", "\u0915\u094D\u200D\u0937@example.com"},
      {"A.2 ZWJ elsewhere", "a\u200Db@example.com", ""},
      {"A.3 middle dot", "col\u00B7lapse@example.com", "col\u00B7lapse@example.com"},
      {"A.3 middle dot elsewhere", "a\u00B7b@example.com", ""},
      {"A.4 keraia", "\u0375\u03B1@example.com", "\u0375\u03B1@example.com"},
      {"A.4 keraia elsewhere", "\u0375a@example.com", ""},
      {"A.5 geresh", "\u05D0\u05F3@example.com", "\u05D0\u05F3@example.com"},
      {"A.5 geresh elsewhere", "a\u05F3@example.com", ""},
      {"A.7 katakana middle dot", "\u30A2\u30FB@example.com", "\u30A2\u30FB@example.com"},
      {"A.7 elsewhere", "a\u30FB@example.com", ""},
      {"A.8, A.9 both digit sets", "\u0628\u0661\u06F1@example.com", ""},
      {"A.8 in a resource too", "example.com/a\u200Db", ""},
  });
}

TEST(Jid, BidiRule) {
  check_rows({
      {"rule 2", "\u05D0\u05D1@example.com", "\u05D0\u05D1@example.com"},
      {"rule 3: ends in a number", "\u05D0\u0031@example.com", "\u05D0\u0031@example.com"},
      {"rule 3: ends in a mark", "\u05D0\u05B0@example.com", "\u05D0\u05B0@example.com"},
      {"rule 1: starts with a number", "1\u05D0@example.com", ""},
      {"rule 2: letter L inside", "\u05D0a\u05D0@example.com", ""},
      {"rule 3: ends in a neutral", "\u05D0-@example.com", ""},
      {"rule 4: both numbers", "\u0628\u0661\u0031\u0628@example.com", ""},
      {"rule 5: starts with L", "a\u05D0@example.com", ""},
      {"a resource has none (RFC 8265 4.2)", "example.com/a\u05D0", "example.com/a\u05D0"},
      {"domain", "\u05D0a.example", ""},
  });
}

TEST(Jid, Domain) {
  check_rows({
      {"case", "EXAMPLE.Com", "example.com"},
      {"trailing dot", "a@example.com./r", "a@example.com/r"},
      {"one label", "localhost", "localhost"},
      {"A-label to U-label", "xn--bcher-kva.example", "b\u00FCcher.example"},
      {"upper case U-label", "B\u00DCCHER.example", "b\u00FCcher.example"},
      {"decomposed U-label", "bu\u0308cher.example", "b\u00FCcher.example"},
      {"nontransitional", "fa\u00DF.example", "fa\u00DF.example"},
      {"ideographic full stop", "a\u3002example", "a.example"},
      {"bad A-label", "xn--a.example", ""},
      {"R-LDH label", "ab--cd.example", ""},
      {"symbol (UTS 46 only)", "\u2603.example", ""},
      {"emoji", "\U0001F600.example", ""},
      {"unassigned", "a\u0378.example", ""},
      {"empty label", "a..example", ""},
      {"leading dot", ".example", ""},
      {"only a dot", ".", ""},
      {"two trailing dots", "example..", ""},
      {"leading hyphen", "-a.example", ""},
      {"trailing hyphen", "a-.example", ""},
      {"underscore", "a_b.example", ""},
      {"space", "a b.example", ""},
      {"second @", "a@b@c", ""},
      {"empty", "", ""},
      {"label of 63", std::string(63, 'a') + ".example", std::string(63, 'a') + ".example"},
      {"label of 64", std::string(64, 'a') + ".example", ""},
      {"U-label of more than 63 as A-label", std::string(62, 'a') + "\u00FC.example", ""},
      {"IPv4", "127.0.0.1", "127.0.0.1"},
      {"IPv4 out of range", "127.0.0.256", ""},
      {"numeric last label", "example.1", ""},
      {"IPv6", "a@[::1]/r", "a@[::1]/r"},
      {"IPv6 canonical", "[2001:DB8:0:0::1]", "[2001:db8::1]"},
      {"IPv6 with a port", "[::1]:5222", ""},
      {"IPv6 without brackets", "::1", ""},
      {"IPv6 zone", "[fe80::1%eth0]", ""},
      {"bad IPv6", "[::g]", ""},
      {"NUL", std::string("exa\0mple", 8), ""},
  });
}

TEST(Jid, Resource) {
  check_rows({
      {"empty", "example.com/", ""},
      {"case kept", "example.com/Foo", "example.com/Foo"},
      {"non-ASCII space", "example.com/a\u00A0b\u3000c", "example.com/a b c"},
      {"NFC", "example.com/e\u0301", "example.com/\u00E9"},
      {"width kept", "example.com/\uFF21", "example.com/\uFF21"},
      {"slash", "example.com/a/b", "example.com/a/b"},
      {"emoji", "example.com/\U0001F600", "example.com/\U0001F600"},
      {"control", "example.com/a\nb", ""},
      {"control beside non-ASCII", "example.com/\u00E9\n", ""},
      {"unassigned", "example.com/\u0378", ""},
      {"bad UTF-8", "example.com/\xFF", ""},
  });
}

TEST(Jid, LengthLimit) {  // RFC 7622 3.1: 1023 bytes each
  const std::string most(1023, 'a');
  std::string name;
  for (int i = 0; i < 511; ++i) name += "a.";
  name += "b";
  ASSERT_EQ(name.size(), 1023U);
  const auto jid = Jid::make(most, name, most);
  ASSERT_TRUE(jid);
  EXPECT_EQ(jid->local(), most);
  EXPECT_EQ(jid->domain(), name);
  EXPECT_EQ(jid->resource(), most);
  EXPECT_FALSE(Jid::make(most + "a", "example.com"));
  EXPECT_FALSE(Jid::make("a", name + "b"));
  EXPECT_FALSE(Jid::make("a", "example.com", most + "a"));
  // Counted after preparation: 1024 bytes decomposed are 1023 composed.
  EXPECT_TRUE(Jid::make(std::string(1021, 'a') + "e\u0301", "example.com"));
}

TEST(Jid, TwinsAreEqual) {
  const auto a = Jid::parse("Jos\u00C9@B\u00FCcher.example/r");
  const auto b = Jid::parse("JOSE\u0301@xn--bcher-kva.EXAMPLE./r");
  ASSERT_TRUE(a && b);
  EXPECT_EQ(*a, *b);
  EXPECT_EQ(a->bare_hash(), b->bare_hash());
  EXPECT_EQ(std::hash<Jid>{}(*a), std::hash<Jid>{}(*b));
}

TEST(Jid, PreparationIsStable) {
  for (const char* text : {"\u0130@example.com", "\u0391\u03A3@example.com", "\uFF76\uFF9E@example.com/\u212B"}) {
    const std::string once = parsed(text);
    ASSERT_FALSE(once.empty()) << text;
    EXPECT_EQ(parsed(once), once);
  }
}

TEST(Jid, Parts) {
  const Jid full = Jid::from_prepared("a@b.example/c@d/e");
  EXPECT_EQ(full.local(), "a");
  EXPECT_EQ(full.domain(), "b.example");
  EXPECT_EQ(full.resource(), "c@d/e");
  EXPECT_EQ(full.bare_str(), "a@b.example");
  EXPECT_EQ(full.bare(), Jid::from_prepared("a@b.example"));
  EXPECT_EQ(full.domain_jid().str(), "b.example");
  EXPECT_TRUE(full.domain_jid().is_domain());
  EXPECT_FALSE(full.is_bare());
  EXPECT_TRUE(same_bare(full, full.bare()));
  EXPECT_EQ(full.bare_hash(), full.bare().bare_hash());
  EXPECT_EQ(full.bare().with_resource("x")->str(), "a@b.example/x");
  EXPECT_FALSE(full.with_resource(""));
  EXPECT_FALSE(Jid().with_resource("x"));
}

TEST(Jid, Empty) {
  const Jid none;
  EXPECT_TRUE(none.empty());
  EXPECT_FALSE(none);
  EXPECT_EQ(none.str(), "");
  EXPECT_EQ(none.resource(), "");
  EXPECT_TRUE(none.bare().empty());
  EXPECT_TRUE(none.domain_jid().empty());
  EXPECT_EQ(none, Jid());
  EXPECT_NE(none, Jid::from_prepared("a"));
}

TEST(JidDeathTest, FromPreparedAborts) { EXPECT_DEATH(Jid::from_prepared("a@"), ""); }

TEST(Jid, StableHash) {  // FNV-1a's published vectors
  EXPECT_EQ(stable_hash(""), 0xcbf29ce484222325U);
  EXPECT_EQ(stable_hash("a"), 0xaf63dc4c8601ec8cU);
  EXPECT_EQ(stable_hash("foobar"), 0x85944171f73967e8U);
}

}  // namespace
}  // namespace xmpp
