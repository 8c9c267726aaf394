// What a caller may ask for, for how long, and how often.
#include "tokensvc/policy.h"

#include <gtest/gtest.h>

#include "town.h"

namespace tokensvc {
namespace {

using std::chrono::seconds;

struct Row {
  const char* what;
  std::function<void(Caller&)> caller;
  std::function<void(Request&)> request;
  const char* outcome;
};

std::string outcome(const Row& row) {
  Caller caller{.issuer = "skotos", .subject = "meet.example.test", .channels = {"verona-*", "hall"}};
  Request request{.user = {.id = "j", .name = "Juliet"}, .channel = "verona-orchard"};
  if (row.caller) row.caller(caller);
  if (row.request) row.request(request);
  const auto judged = judge(caller, request, kNow);
  if (!judged) return std::string(to_string(judged.error().code)) + ": " + judged.error().message;
  return std::to_string((*judged - kNow).count());
}

TEST(Policy, Judge) {
  const auto moderates = [](Caller& c) { c.may_moderate = true; };
  const auto wildcards = [](Caller& c) { c.may_use_wildcards = true; };
  const auto tenants = [](Caller& c) { c.tenants = {"capulet*"}; };
  const auto channel = [](const char* name) { return [name](Request& r) { r.channel = name; }; };
  const Row rows[] = {
      {"an allowed channel", {}, {}, "600"},
      {"in another case", {}, channel("VERONA-Orchard"), "600"},
      {"another allowed", {}, channel("hall"), "600"},
      {"not allowed", {}, channel("mantua"), "forbidden: this caller may not ask for that channel"},
      {"nothing allowed",
       [](Caller& c) { c.channels.clear(); },
       {},
       "forbidden: this caller may not ask for that channel"},
      {"every room", [](Caller& c) { c.channels = {"*"}; }, channel("*"),
       "forbidden: this caller may not ask for more than one room"},
      {"every room, allowed", wildcards, channel("*"), "600"},
      {"a pattern",
       {},
       [](Request& r) { r.channel_is_pattern = true; },
       "forbidden: this caller may not ask for more than one room"},
      {"a pattern, allowed", wildcards, [](Request& r) { r.channel_is_pattern = true; }, "600"},
      {"moderator", {}, [](Request& r) { r.moderator = true; }, "forbidden: this caller may not make moderators"},
      {"moderator, allowed", moderates, [](Request& r) { r.moderator = true; }, "600"},
      {"features",
       {},
       [](Request& r) { r.features = {{"recording", true}}; },
       "forbidden: this caller may not grant features"},
      {"features denied", {}, [](Request& r) { r.features = {{"recording", false}}; }, "600"},
      {"features, allowed", moderates, [](Request& r) { r.features = {{"recording", true}}; }, "600"},
      {"its own sub", {}, [](Request& r) { r.subject = "Meet.example.test"; }, "600"},
      {"another sub",
       {},
       [](Request& r) { r.subject = "other.example"; },
       "forbidden: this caller may not name that sub"},
      {"any sub", tenants, [](Request& r) { r.subject = "*"; }, "forbidden: this caller may not name that sub"},
      {"any sub, allowed", wildcards, [](Request& r) { r.subject = "*"; }, "600"},
      {"a tenant", tenants, [](Request& r) { r.tenant = "capulets"; }, "600"},
      {"another tenant", tenants, [](Request& r) { r.tenant = "montagues"; },
       "forbidden: this caller may not name that tenant"},
      {"a short default", [](Caller& c) { c.max_validity = seconds(60); }, {}, "60"},
      {"its own default", [](Caller& c) { c.default_validity = seconds(60); }, {}, "60"},
      {"as long as may be", {}, [](Request& r) { r.valid_for = seconds(86400); }, "86400"},
      {"longer", {}, [](Request& r) { r.valid_for = seconds(86401); }, "bad_field: validFor must be 1 to 86400"},
      {"for ever", {}, [](Request& r) { r.valid_for = seconds::max(); }, "bad_field: validFor must be 1 to 86400"},
      {"since ever", {}, [](Request& r) { r.valid_for = seconds::min(); }, "bad_field: validFor must be 1 to 86400"},
      {"until then", {}, [](Request& r) { r.valid_until = kNow + seconds(86400); }, "86400"},
      {"until later",
       {},
       [](Request& r) { r.valid_until = kNow + seconds(86401); },
       "bad_field: validUntil must be in the next 86400 seconds"},
      {"until the end of time",
       {},
       [](Request& r) { r.valid_until = std::chrono::sys_seconds::max(); },
       "bad_field: validUntil must be in the next 86400 seconds"},
      {"until now",
       {},
       [](Request& r) { r.valid_until = kNow; },
       "bad_field: validUntil must be in the next 86400 seconds"},
  };
  for (const Row& row : rows) EXPECT_EQ(outcome(row), row.outcome) << row.what;
}

TEST(Policy, Patterns) {
  const struct {
    const char *pattern, *text;
    bool match;
  } rows[] = {
      {"", "", true},          {"", "a", false},       {"*", "", true},        {"*", "anything", true},
      {"a*", "a", true},       {"a*", "ba", false},    {"*a", "ba", true},     {"a*b*c", "aXbYbZc", true},
      {"a*b*c", "acb", false}, {"a**", "a", true},     {"a", "ab", false},     {"a?", "ab", false},
      {"*ab", "aaab", true},   {"*ab*", "xaab", true}, {"Hall", "hALL", true}, {"a*a", "a", false},
  };
  for (const auto& row : rows) EXPECT_EQ(matches(row.pattern, row.text), row.match) << row.pattern << ' ' << row.text;
}

TEST(Policy, BucketFillsOverTime) {
  const Rate rate{.per_minute = 60, .burst = 3};
  Bucket bucket;
  base::MonoTime now = kInstant.mono;
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(bucket.take(rate, now));
  EXPECT_EQ(bucket.take(rate, now), base::Duration(seconds(1)));
  now += std::chrono::milliseconds(250);
  EXPECT_EQ(bucket.take(rate, now), base::Duration(std::chrono::milliseconds(750))) << "asking in vain costs nothing";
  now += std::chrono::milliseconds(750);
  EXPECT_FALSE(bucket.take(rate, now));
  EXPECT_TRUE(bucket.take(rate, now));
  now += std::chrono::hours(1);
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(bucket.take(rate, now)) << "no more than the burst is saved";
  EXPECT_TRUE(bucket.take(rate, now));
}

TEST(Policy, NoRateIsNoLimit) {
  Bucket bucket;
  for (int i = 0; i < 1000; ++i) ASSERT_FALSE(bucket.take({}, kInstant.mono));
}

}  // namespace
}  // namespace tokensvc
