// One path, one form (SECURITY H01).
#include "net/http_target.h"

#include <gtest/gtest.h>

namespace {

using net::read_target;

TEST(HttpTarget, TakesPlainPaths) {
  const struct {
    std::string target, path, query;
  } rows[] = {{"/", "/", ""},
              {"/v1/token", "/v1/token", ""},
              {"/v1/token?", "/v1/token", ""},
              {"/v1/token?a=b&c=/../d", "/v1/token", "a=b&c=/../d"},
              {"/folder/", "/folder/", ""},
              {"/a%20b", "/a b", ""},
              {"/50%25", "/50%", ""},
              {"/%2525", "/%25", ""},  // once, never twice
              {"/caf%C3%A9", "/caf\xc3\xa9", ""},
              {"/...", "/...", ""},
              {"/.well-known/jwks.json", "/.well-known/jwks.json", ""},
              {"/a..b/c.", "/a..b/c.", ""},
              {"http://example.org/v1/token?x", "/v1/token", "x"},
              {"https://example.org:5443/", "/", ""},
              {"http://example.org", "/", ""}};
  for (const auto& row : rows) {
    const auto target = read_target(row.target);
    ASSERT_TRUE(target) << row.target;
    EXPECT_EQ(target->path, row.path) << row.target;
    EXPECT_EQ(target->query, row.query) << row.target;
  }
}

TEST(HttpTarget, H01RefusesWhatCouldBeReadInTwoWays) {
  for (const std::string& bad : std::vector<std::string>{"",
                                                         "*",
                                                         "v1/token",
                                                         "?x",
                                                         "/..",
                                                         "/../v1/token",
                                                         "/v1/../token",
                                                         "/v1/..",
                                                         "/./v1",
                                                         "/v1/.",
                                                         "//",
                                                         "//v1/token",
                                                         "/v1//token",
                                                         "/v1/token//",
                                                         "/%2e",
                                                         "/%2E%2e/token",
                                                         "/v1/%2e%2e/token",
                                                         "/v1%2ftoken",
                                                         "/v1%2Ftoken",
                                                         "/v1%5ctoken",
                                                         "/v1%5Ctoken",
                                                         "/v1\\token",
                                                         "\\v1\\token",
                                                         "/v1/..\\token",
                                                         "/v1/%u002e",
                                                         "/%u002e%u002e/",
                                                         "/%2>",
                                                         "/%",
                                                         "/%4",
                                                         "/%zz",
                                                         "/%00",
                                                         "/v1/token%00.pem",
                                                         "/%0d%0a",
                                                         "/%7f",
                                                         std::string("/v1\0token", 9),
                                                         "/v1 token",
                                                         "/v1#token",
                                                         "/v1\ttoken",
                                                         "/v1\ntoken",
                                                         "/\xc3\xa9",
                                                         "/<script>",
                                                         "/\"",
                                                         "/{x}",
                                                         "/v1^",
                                                         "/`",
                                                         "/v1|x",
                                                         "http://",
                                                         "http://example.org/../x",
                                                         "http://example.org?x",
                                                         "ftp://example.org/",
                                                         "/a?\xff",
                                                         "/a?b c"})
    EXPECT_FALSE(read_target(bad)) << bad;
}

TEST(HttpTarget, PercentEncodes) {
  EXPECT_EQ(net::percent_encoded("très cool.jpg"), "tr%C3%A8s%20cool.jpg");
  EXPECT_EQ(net::percent_encoded("a/b?c&d=e%f+~_-."), "a%2Fb%3Fc%26d%3De%25f%2B~_-.");
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
  EXPECT_EQ(net::percent_decoded(net::percent_encoded(all)), all);
  for (const std::string_view broken : {"%", "%1", "%zz", "a%2"}) EXPECT_FALSE(net::percent_decoded(broken)) << broken;
}

}  // namespace
