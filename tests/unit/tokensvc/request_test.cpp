// The JSON of a request, member by member, and the seq of what is no JSON.
#include "tokensvc/request.h"

#include <gtest/gtest.h>

namespace tokensvc {
namespace {

std::string outcome(const std::string& members) {
  const Parsed parsed = parse_request(R"({"displayName":"Juliet","channel":"orchard",)" + members + '}');
  return parsed.request ? "ok"
                        : std::string(to_string(parsed.request.error().code)) + ": " + parsed.request.error().message;
}

TEST(Request, Members) {
  const std::string long_text(129, 'x'), longest_name = [] {
    std::string text;
    for (int i = 0; i < 128; ++i) text += "\xc3\xa9";
    return text;
  }();
  const struct {
    std::string members, outcome;
  } rows[] = {
      {R"("whatever":[1,{"x":null}])", "ok"},
      {R"("displayName":")" + longest_name + '"', "ok"},
      {R"("displayName":")" + long_text + '"', "bad_field: displayName is too long; 128 characters at most"},
      {R"("displayName":"")", "missing_field: displayName is missing"},
      {R"("displayName":null)", "missing_field: displayName is missing"},
      {R"("displayName":5)", "bad_field: displayName must be a string"},
      {R"("displayName":"a\u0000b")", "bad_field: displayName has control characters"},
      {R"("channel":["c"])", "bad_field: channel must be a string"},
      {R"("channel":"")", "missing_field: channel is missing"},
      {R"("channel":"a\nb")", "bad_field: channel has control characters"},
      {R"("cmd":null)", "ok"},
      {R"("cmd":"jwt_token")", "ok"},
      {R"("cmd":"JWT_TOKEN")", "unknown_cmd: unknown cmd; there are jwt_token and ping"},
      {R"("cmd":1)", "bad_field: cmd must be a string"},
      {R"("moderator":null)", "ok"},
      {R"("moderator":1)", "bad_field: moderator must be true or false"},
      {R"("email":"")", "ok"},
      {R"("email":{"a":"b"})", "bad_field: email must be a string"},
      {R"("avatar":"")", "ok"},
      {R"("avatar":"http://example.org/j.png")", "ok"},
      {R"("avatar":"javascript:x")", "bad_field: avatar must be a http or https address"},
      {R"("avatar":"https://example.org/\"onload=")", "bad_field: avatar must be a http or https address"},
      {R"("group":false)", "bad_field: group must be a string"},
      {R"("features":{})", "ok"},
      {R"("features":{"recording":true,"flip":false})", "ok"},
      {R"("features":{"recording":"true"})", "bad_field: features must have true or false for each member"},
      {R"("features":{"":true})",
       "bad_field: features has a member whose name is empty, too long or has control characters"},
      {R"("features":["recording"])", "bad_field: features must be an object"},
      {R"("regex":"true")", "bad_field: regex must be true or false"},
      {R"("validFor":"600")", "ok"},
      {R"("validFor":"")", "bad_field: validFor must be an integer"},
      {R"("validFor":"-5")", "bad_field: validFor must be an integer"},
      {R"("validFor":" 5")", "bad_field: validFor must be an integer"},
      {R"("validFor":"5s")", "bad_field: validFor must be an integer"},
      {R"("validFor":"9999999999999999999")", "bad_field: validFor must be an integer"},
      {R"("validFor":18446744073709551615)", "ok"},  // an integer; policy has the bound
      {R"("validFor":true)", "bad_field: validFor must be an integer"},
      {R"("validFor":1,"validUntil":1)", "bad_request: validFor and validUntil are mutually exclusive"},
      {R"("validFor":1,"validUntil":null)", "ok"},
      {R"("moderator":1,"validFor":"x")", "bad_field: moderator must be true or false"},
  };
  for (const auto& row : rows) EXPECT_EQ(outcome(row.members), row.outcome) << row.members;
}

TEST(Request, EverythingArrives) {
  const Parsed parsed = parse_request(
      R"({"displayName":"JULIET C.","channel":"orchard","id":"j1","email":"j@example.org","group":"capulet",)"
      R"("tenant":"verona","sub":"*","features":{"b":true,"a":false},"regex":true,"moderator":true,"validUntil":5})");
  ASSERT_TRUE(parsed.request);
  const Request& request = *parsed.request;
  EXPECT_EQ(request.user.name, "JULIET C.");
  EXPECT_EQ(request.user.id, "j1");
  EXPECT_EQ(request.user.email, "j@example.org");
  EXPECT_EQ(request.group, "capulet");
  EXPECT_EQ(request.tenant, "verona");
  EXPECT_EQ(request.subject, "*");
  EXPECT_EQ(request.features, (Claims::Features{{"a", false}, {"b", true}}));
  EXPECT_TRUE(request.channel_is_pattern);
  EXPECT_TRUE(request.moderator);
  EXPECT_EQ(request.valid_until->time_since_epoch(), std::chrono::seconds(5));
  EXPECT_FALSE(request.valid_for);
}

TEST(Request, WithoutAnIdTheNameServes) {
  EXPECT_EQ(parse_request("{\"displayName\":\"JULIET \xc3\x89\",\"channel\":\"c\"}").request->user.id,
            "juliet \xc3\x89");
}

TEST(Request, DeepNestingIsTaken) {
  const std::string deep = std::string(8'000, '[') + std::string(8'000, ']');
  EXPECT_EQ(parse_request(deep).request.error().code, Code::bad_request);
  EXPECT_EQ(outcome("\"x\":" + deep), "ok");
}

TEST(Request, SeqOfWhatIsNoJson) {
  const struct {
    std::string text, seq;
  } rows[] = {
      {R"({"seq":12)", "12"},
      {R"({"seq" : 12 x)", "12"},
      {R"({"seq":-3,)", "-3"},
      {R"({"seq":1,"displayName":"a"seq":2"})", "2"},
      {R"({"displayName":"a"seq":2","seq":7})", "7"},
      {R"({"seq":7,"seq":"x","y)", "7"},
      {R"({"seq":7,"seq")", "7"},
      {R"({"seq":007)", ""},
      {R"({"seq":1.5)", ""},
      {R"({"seq":1e5)", ""},
      {R"({"seq":-)", ""},
      {R"({"seq":)", ""},
      {R"({"seq":"12")", ""},
      {R"({'seq':12)", ""},
      {R"({"seq":1234567890123456789)", ""},
      {R"("seq")", ""},
      {"hello", ""},
      {"", ""},
  };
  for (const auto& row : rows) EXPECT_EQ(recover_seq(row.text), row.seq) << row.text;
}

}  // namespace
}  // namespace tokensvc
