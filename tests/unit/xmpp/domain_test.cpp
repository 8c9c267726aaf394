// Domains as the DNS and certificates have them.
#include "xmpp/domain.h"

#include <gtest/gtest.h>

namespace {

TEST(Domain, InALabels) {
  struct Case {
    std::string domain, ascii;
  };
  std::string longest_for_dns, too_long_for_dns;  // in labels of 49 bytes and a dot
  for (int i = 0; i < 5; ++i) longest_for_dns += std::string(49, 'a') + ".";
  too_long_for_dns = longest_for_dns + "exam";
  longest_for_dns += "exa";
  const Case cases[] = {
      {"example.org", "example.org"},
      {"Example.ORG.", "example.org"},
      {"localhost", "localhost"},
      {"m\u00fcnchen.example", "xn--mnchen-3ya.example"},
      {"M\u00dcNCHEN.example", "xn--mnchen-3ya.example"},
      {"xn--mnchen-3ya.example", "xn--mnchen-3ya.example"},
      {"chat.m\u00fcnchen.example", "chat.xn--mnchen-3ya.example"},
      {"fa\u00df.example", "xn--fa-hia.example"},  // not "fass": nontransitional
      {"\u03b2\u03cc\u03bb\u03bf\u03c2.example", "xn--nxasmm1c.example"},
      {"\u4f8b\u3048.\u30c6\u30b9\u30c8", "xn--r8jz45g.xn--zckzah"},
      {"\u05d3\u05d5\u05d2\u05de\u05d4.example", "xn--6dbbec0c.example"},
      {"192.0.2.1", "192.0.2.1"},
      {"[2001:db8:0::1]", "2001:db8::1"},
      {longest_for_dns, longest_for_dns},
      {too_long_for_dns, ""},
      {"m\u00fcnchen." + longest_for_dns, ""},
  };
  for (const Case& each : cases) {
    const auto prepared = xmpp::prepare_domain(each.domain);
    ASSERT_TRUE(prepared) << each.domain;
    EXPECT_EQ(xmpp::to_ascii(*prepared).value_or(""), each.ascii) << each.domain;
  }
  EXPECT_FALSE(xmpp::to_ascii(""));
}

TEST(Domain, OfWhatWasNotPreparedNothingUnfitComes) {
  for (const std::string text : {"m\u00fcnchen..example", "-\u00fc.example", "\u00fc_\u00fc.example"})
    EXPECT_FALSE(xmpp::to_ascii(text)) << text;
}

}  // namespace
