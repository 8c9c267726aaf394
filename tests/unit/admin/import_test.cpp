#include "admin/import.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace admin {
namespace {

const std::string kSecret = "0123456789abcdef0123456789abcdef";

std::string file(const std::string& places, const std::string& secret = kSecret) {
  return R"({"jitsi":{"domain":"meet.example.org"},"jwt":{"app_id":"skotos","secret":")" + secret + "\"}" + places +
         "}";
}

bool remarked(const Import& import, const std::string& part) {
  return std::ranges::any_of(import.remarks, [&](const auto& each) { return each.contains(part); });
}

TEST(Import, TurnsTheFileIntoXml) {
  const auto import = import_chat_admin(
      file(R"(,"inbound":{"host":"localhost","port":11092},"outbound":{"host":"127.0.0.1","port":"11091"})"),
      "jitsi.secret");
  ASSERT_TRUE(import) << import.error().what;
  EXPECT_EQ(import->xml,
            "<tokens>\n"
            "  <key algorithm='HS256' secret-file='jitsi.secret'/>\n"
            "  <caller name='game' issuer='skotos' subject='meet.example.org' channels='*' moderate='true'/>\n"
            "  <line address='127.0.0.1' port='11092' caller='game'/>\n"
            "  <game name='game' host='127.0.0.1' port='11091' caller='game'/>\n"
            "</tokens>\n");
  EXPECT_EQ(import->secret.reveal(), kSecret);
  EXPECT_FALSE(import->secret_is_short);
  EXPECT_TRUE(remarked(*import, "wildcards='true'"));
}

TEST(Import, NeverShowsTheSecret) {
  for (const std::string& secret : {kSecret, std::string("1234567890")}) {
    const auto import = import_chat_admin(file(R"(,"outbound":{"port":11091})", secret), "f");
    ASSERT_TRUE(import);
    EXPECT_FALSE(import->xml.contains(secret));
    EXPECT_FALSE(remarked(*import, secret));
  }
}

TEST(Import, TakesTheExamplesCommaAndItsShortSecret) {
  const auto import = import_chat_admin(file(R"(,"outbound":{"host":"127.0.0.1","port":11091,},)", "1234567890"), "f");
  ASSERT_TRUE(import) << import.error().what;
  EXPECT_TRUE(remarked(*import, "a comma stood before a closing bracket"));
  EXPECT_TRUE(import->secret_is_short);
  EXPECT_TRUE(remarked(*import, "the secret has 10 bytes"));
  EXPECT_TRUE(remarked(*import, "openssl rand -hex 32 > f"));
  const auto text = import_chat_admin(R"({"jitsi":{"domain":"a,]\",}"},"jwt":{"app_id":"s","secret":"x"}})", "f");
  ASSERT_TRUE(text);
  EXPECT_TRUE(text->xml.contains(R"(subject='a,]",}')")) << "a comma in a text stays: " << text->xml;
}

TEST(Import, AsksForTlsWhereTheNetworkLiesBetween) {
  const auto import = import_chat_admin(
      file(R"(,"inbound":{"host":"0.0.0.0","port":1},"outbound":{"host":"game.example.org","port":2})"), "f");
  ASSERT_TRUE(import);
  EXPECT_TRUE(import->xml.contains("<line address='0.0.0.0' port='1' tls='true' caller='game'/>")) << import->xml;
  EXPECT_TRUE(import->xml.contains("host='game.example.org' port='2' tls='true'")) << import->xml;
  EXPECT_TRUE(remarked(*import, "game.example.org is not this machine"));
  EXPECT_TRUE(remarked(*import, "'secret-file' or 'certificate'"));
}

TEST(Import, QuotesWhatXmlWouldTakeForItself) {
  const auto import = import_chat_admin(R"({"jitsi":{"domain":"a'b<c&d"},"jwt":{"app_id":"i","secret":"s"}})", "f");
  ASSERT_TRUE(import);
  EXPECT_TRUE(import->xml.contains("subject='a&apos;b&lt;c&amp;d'")) << import->xml;
  EXPECT_TRUE(remarked(*import, "neither inbound nor outbound"));
}

TEST(Import, SaysWhatIsMissing) {
  const struct {
    std::string text, why;
  } rows[] = {{"hello", "this is no JSON object"},
              {"[]", "this is no JSON object"},
              {"{}", "jitsi.domain is missing"},
              {R"({"jitsi":{"domain":"d"}})", "jwt.app_id is missing"},
              {R"({"jitsi":{"domain":"d"},"jwt":{"app_id":"i","secret":17}})", "jwt.secret is missing"}};
  for (const auto& row : rows) {
    const auto import = import_chat_admin(row.text, "f");
    ASSERT_FALSE(import) << row.text;
    EXPECT_TRUE(import.error().what.contains(row.why)) << import.error().what;
  }
}

}  // namespace
}  // namespace admin
