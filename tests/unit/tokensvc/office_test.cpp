// What is handed out has been recorded, and what could not be recorded is not handed out.
#include "tokensvc/office.h"

#include <gtest/gtest.h>

#include "house.h"
#include "tokensvc/audit_retention.h"

namespace tokensvc {
namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
using std::chrono_literals::operator""h;

Request tavern() {
  Request request;
  request.user = {.id = "romeo", .name = "Romeo Montague"};
  request.channel = "tavern";
  request.moderator = true;
  return request;
}

class OfficeTest : public House {
 protected:
  std::expected<Issued, Refusal> issue(const std::string& caller, const Request& request = tavern()) {
    std::expected<Issued, Refusal> outcome = std::unexpected(Refusal{Code::unavailable, "no answer"});
    office->issue(caller, Way::http, request,
                  [&outcome](std::expected<Issued, Refusal> issued) { outcome = std::move(issued); });
    world.advance(100ms);
    return outcome;
  }
};

TEST_F(OfficeTest, EveryTokenLeavesARow) {
  const auto issued = issue("skotos");
  ASSERT_TRUE(issued) << issued.error().message;
  const auto rows = audit();
  ASSERT_EQ(rows.size(), 1U);
  const store::TokenRecord expected{.time = issued->claims.issued,
                                    .caller = "skotos",
                                    .way = static_cast<std::uint8_t>(Way::http),
                                    .user = "romeo",
                                    .name = "Romeo Montague",
                                    .room = "tavern",
                                    .subject = "meet.example.test",
                                    .moderator = true,
                                    .expires = issued->claims.expires};
  EXPECT_EQ(rows.front(), expected);
}

TEST_F(OfficeTest, RefusalsLeaveNone) {
  EXPECT_EQ(issue("nobody").error().code, Code::forbidden);
  Request wild = tavern();
  wild.channel = "*";
  EXPECT_EQ(issue("skotos", wild).error().code, Code::forbidden);
  EXPECT_TRUE(audit().empty());
}

TEST_F(OfficeTest, NothingIsHandedOutBeforeItsRowIsDurable) {
  writing.stall(1s);
  bool answered = false;
  office->issue("skotos", Way::xmpp, tavern(), [&answered](const auto&) { answered = true; });
  world.advance(900ms);
  EXPECT_FALSE(answered);
  world.advance(200ms);
  EXPECT_TRUE(answered);
}

TEST_F(OfficeTest, AFullDiskHandsOutNothing) {
  sim::vfs_failure = SQLITE_FULL;
  EXPECT_EQ(issue("skotos").error().code, Code::unavailable);
  sim::vfs_failure = SQLITE_OK;
  EXPECT_TRUE(issue("skotos"));
  EXPECT_EQ(audit().size(), 1U);
}

TEST_F(OfficeTest, OneTurnIsOneUnit) {
  int durable = 0;
  const std::size_t before = writing.submitted();
  for (int i = 0; i < 100; ++i)
    office->issue("skotos", Way::line, tavern(), [&durable](const auto& issued) { durable += issued ? 1 : 0; });
  world.advance(100ms);
  EXPECT_EQ(durable, 100);
  EXPECT_EQ(writing.submitted() - before, 1U);
  EXPECT_EQ(audit({.max = 1000}).size(), 100U);
}

TEST_F(OfficeTest, AReloadCountsFromTheNextRequestOn) {
  auto next = base::make_ref<Settings>(ring_of(secret_key(Algorithm::hs256, "new", std::string(32, 'n'))));
  CallerSettings slow;
  slow.caller = skotos();
  slow.caller.rate = {.per_minute = 1, .burst = 1};
  next->callers.push_back(std::move(slow));
  EXPECT_TRUE(issue("skotos"));
  office->use(next);
  const auto issued = issue("skotos");
  ASSERT_TRUE(issued);
  EXPECT_EQ(office->settings()->keys.signer()->id(), "new");
  EXPECT_EQ(issue("skotos").error().code, Code::rate_limited);
  office->use(next);
  EXPECT_EQ(issue("skotos").error().code, Code::rate_limited) << "a bucket outlives a reload";
  office->use(base::make_ref<Settings>(ring_of(secret_key())));
  EXPECT_FALSE(office->desk("skotos")) << "gone with its caller";
}

TEST_F(OfficeTest, TheAuditIsListedByCaller) {
  auto both = settings_of();
  CallerSettings web;
  web.caller = skotos();
  web.caller.name = "web";
  both->callers.push_back(std::move(web));
  office->use(both);
  for (const char* caller : {"skotos", "web", "skotos", "web", "web"}) EXPECT_TRUE(issue(caller));
  EXPECT_EQ(audit().size(), 5U);
  EXPECT_EQ(audit({.caller = "web"}).size(), 3U);
  EXPECT_EQ(audit({.caller = "web", .max = 2}).size(), 2U);
  const auto newest = audit({.max = 3});
  ASSERT_EQ(newest.size(), 3U);
  EXPECT_EQ(newest[0].caller, "skotos");
  EXPECT_EQ(newest[2].caller, "web");
}

TEST_F(OfficeTest, OldRowsLeaveTheAudit) {
  const AuditRetention retention(*office, *store);
  for (int i = 0; i < 2500; ++i) office->issue("skotos", Way::line, tavern(), [](const auto&) {});
  world.advance(24h * 89);
  for (int i = 0; i < 7; ++i) office->issue("skotos", Way::line, tavern(), [](const auto&) {});
  world.advance(1s);
  EXPECT_EQ(audit({.max = 10'000}).size(), 2507U);
  world.advance(24h + 1h + 1s);
  EXPECT_EQ(audit({.max = 10'000}).size(), 7U);
}

}  // namespace
}  // namespace tokensvc
