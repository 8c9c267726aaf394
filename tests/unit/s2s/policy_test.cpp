#include "s2s/policy.h"

#include <gtest/gtest.h>

namespace s2s {
namespace {

TEST(ByDomain, TheLongestKeyCountsAndAStarIsForWhatStandsBelow) {
  ByDomain<int> values;
  EXPECT_TRUE(values.add("example.net", 1));
  EXPECT_TRUE(values.add("*.example.net", 2));
  EXPECT_TRUE(values.add("*.verona.example.net", 3));
  EXPECT_FALSE(values.add("example.net", 4));
  const struct {
    const char* domain;
    int value;
  } rows[] = {{"example.net", 1},
              {"chat.example.net", 2},
              {"a.b.example.net", 2},
              {"verona.example.net", 2},
              {"a.verona.example.net", 3},
              {"badexample.net", 0},
              {"net", 0},
              {"", 0},
              {"*.example.net", 2},
              {".example.net", 2}};
  for (const auto& row : rows) {
    const int* found = values.find(row.domain);
    EXPECT_EQ(found != nullptr ? *found : 0, row.value) << row.domain;
  }
}

TEST(Policy, DefaultsAreSafe) {
  const Policy policy({});
  EXPECT_TRUE(policy.allows("example.org", "example.net"));
  const PairRules rules = policy.rules("example.org", "example.net");
  EXPECT_EQ(rules, PairRules());
  EXPECT_TRUE(rules.encryption);
  EXPECT_EQ(rules.certificate, Certificate::valid);
  EXPECT_FALSE(rules.private_addresses);
  EXPECT_TRUE(rules.may_open() && rules.may_come());
}

TEST(Policy, WhatIsSaidMoreCloselyCounts) {
  Policy::Parts parts;
  parts.rules.max_stanza_bytes = 1;
  parts.peers.add("example.net", {.direction = Direction::outgoing, .max_stanza_bytes = 3});
  Policy::Host& host = parts.hosts["example.org"];
  host.changes = {.encryption = false, .certificate = Certificate::dialback, .max_stanza_bytes = 2};
  host.peers.add("example.net", {.encryption = true, .max_stanza_bytes = 4, .address = ForcedAddress{"127.0.0.2"}});
  const Policy policy(std::move(parts));
  EXPECT_EQ(policy.rules("chat.example", "a.example").max_stanza_bytes, 1u);
  EXPECT_EQ(policy.rules("example.org", "a.example").max_stanza_bytes, 2u);
  EXPECT_FALSE(policy.rules("example.org", "a.example").encryption);
  EXPECT_EQ(policy.rules("chat.example", "example.net").max_stanza_bytes, 3u);
  const PairRules closest = policy.rules("example.org", "example.net");
  EXPECT_EQ(closest.max_stanza_bytes, 4u);
  EXPECT_TRUE(closest.encryption);
  EXPECT_EQ(closest.certificate, Certificate::dialback);
  EXPECT_TRUE(closest.may_open());
  EXPECT_FALSE(closest.may_come());
  EXPECT_EQ(closest.address, ForcedAddress{"127.0.0.2"});
}

TEST(Policy, ListsOfTheServerAndOfAHost) {
  Policy::Parts parts;
  parts.allowed.emplace().add("*.example", {});
  parts.blocked.add("bad.example", {});
  Policy::Host& host = parts.hosts["example.org"];
  host.allowed.emplace().add("example.net", {});
  host.allowed->add("bad.example", {});
  host.allowed->add("worse.example", {});
  host.blocked.add("worse.example", {});
  const Policy policy(std::move(parts));
  const struct {
    const char *local, *remote;
    bool allowed;
  } rows[] = {{"chat.example.org", "good.example", true}, {"chat.example.org", "bad.example", false},
              {"chat.example.org", "example.net", false}, {"chat.example.org", "worse.example", true},
              {"example.org", "good.example", false},     {"example.org", "example.net", true},
              {"example.org", "bad.example", false},      {"example.org", "worse.example", false}};
  for (const auto& row : rows) EXPECT_EQ(policy.allows(row.local, row.remote), row.allowed) << row.local << row.remote;
}

}  // namespace
}  // namespace s2s
