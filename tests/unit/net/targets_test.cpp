// Where to dial, drawn from SRV records (RFC 2782, XEP-0368).
#include "net/targets.h"

#include <gtest/gtest.h>

#include <map>

#include "sim/sim_loop.h"

namespace {

using net::DnsAnswer;
using net::DnsFailure;
using net::DnsResult;
using net::Srv;
using net::Target;

DnsResult<Srv> answer(std::vector<Srv> records, bool secure = false) { return DnsAnswer<Srv>{records, secure}; }
DnsResult<Srv> failure(DnsFailure::Kind kind) { return std::unexpected(DnsFailure{kind, "as the test wishes"}); }
const DnsResult<Srv> kNone = answer({});
const Srv kRefusal{0, 0, 0, ""};

std::expected<std::vector<Target>, DnsFailure> choose(const DnsResult<Srv>& direct, const DnsResult<Srv>& starttls) {
  static sim::SeededRandom random(1);
  return net::choose_targets("example.org", direct, starttls, random);
}

TEST(Targets, BothKindsAreMixedByPriority) {
  const auto chosen = choose(answer({{10, 0, 443, "direct.example.org"}, {30, 0, 444, "last.example.org"}}, true),
                             answer({{20, 0, 5269, "b.example.org"}, {5, 0, 5270, "a.example.org"}}));
  ASSERT_TRUE(chosen);
  EXPECT_EQ(*chosen, (std::vector<Target>{{"a.example.org", 5270, false, false, 5},
                                          {"direct.example.org", 443, true, true, 10},
                                          {"b.example.org", 5269, false, false, 20},
                                          {"last.example.org", 444, true, true, 30}}));
}

TEST(Targets, WeightsAreShares) {
  const auto records = answer({{1, 70, 1, "seventy"}, {1, 30, 1, "thirty"}, {1, 0, 1, "none"}});
  std::map<std::string, int> first, last;
  constexpr int rounds = 10'000;
  for (int i = 0; i < rounds; ++i) {
    const auto chosen = choose(kNone, records);
    ASSERT_EQ(chosen->size(), 3U);
    ++first[chosen->front().host];
    ++last[chosen->back().host];
  }
  // Of 101 numbers 0 to 100 one belongs to the record without weight.
  EXPECT_NEAR(first["seventy"], rounds * 70 / 101, 200);
  EXPECT_NEAR(first["thirty"], rounds * 30 / 101, 200);
  EXPECT_NEAR(first["none"], rounds / 101, 50);
  EXPECT_GT(last["none"], rounds * 9 / 10);
}

TEST(Targets, WithoutWeightsDirectTlsComesFirst) {
  for (int i = 0; i < 100; ++i)
    EXPECT_EQ(choose(answer({{1, 0, 1, "a"}}), answer({{1, 0, 1, "b"}}))->front().host, "a");
}

TEST(Targets, WithoutRecordsTheDomainItself) {
  EXPECT_EQ(*choose(kNone, kNone), (std::vector<Target>{{"example.org", 5269, false, false, 0}}));
  EXPECT_TRUE(choose(kNone, answer({}, true))->front().secure);
  EXPECT_EQ(choose(failure(DnsFailure::Kind::late), kNone)->front().host, "example.org");
}

TEST(Targets, WhatFailsAndWhatRefuses) {
  using Kind = DnsFailure::Kind;
  const auto good = answer({{1, 1, 1, "a"}}), refusal = answer({kRefusal});
  struct Case {
    DnsResult<Srv> direct, starttls;
    std::optional<Kind> fault;
  };
  const Case cases[] = {
      {refusal, kNone, Kind::no_service},
      {kNone, refusal, Kind::no_service},
      {refusal, refusal, Kind::no_service},
      {refusal, good, {}},
      {good, refusal, {}},
      {failure(Kind::late), good, {}},
      {good, failure(Kind::bogus), {}},
      {kNone, failure(Kind::late), Kind::late},
      {kNone, failure(Kind::bogus), Kind::bogus},
      {failure(Kind::bogus), kNone, Kind::bogus},
      {failure(Kind::late), failure(Kind::failed), Kind::failed},
      {kNone, answer({{1, 1, 5269, "127.0.0.1"}}), Kind::no_service},
      {kNone, answer({{1, 1, 5269, "::1"}}), Kind::no_service},
      {kNone, answer({{1, 1, 0, "portless"}}), Kind::no_service},
  };
  int number = 0;
  for (const Case& each : cases) {
    const auto chosen = choose(each.direct, each.starttls);
    EXPECT_EQ(chosen.has_value(), !each.fault.has_value()) << number;
    if (!chosen && each.fault) {
      EXPECT_EQ(chosen.error().kind, *each.fault) << number;
    }
    if (chosen) {
      EXPECT_EQ(chosen->size(), 1U) << number;
    }
    ++number;
  }
}

TEST(Targets, F05OfAThousandTheBestFewAreTaken) {
  std::vector<Srv> many;
  for (std::uint16_t i = 0; i < 1000; ++i) many.push_back({static_cast<std::uint16_t>(1000 - i), 7, 5269, "host"});
  const auto chosen = choose(kNone, answer(many));
  ASSERT_EQ(chosen->size(), net::kMostTargets);
  for (std::size_t i = 0; i < chosen->size(); ++i) EXPECT_EQ((*chosen)[i].priority, i + 1);
}

}  // namespace
