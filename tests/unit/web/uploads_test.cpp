// Who gets a slot, and how much one may have (XEP-0363 5, 6).
#include "web/uploads.h"

#include "hall.h"
#include "web/external.h"

namespace web {
namespace {

constexpr std::uint64_t kKilo = 1000;

Wish of(std::uint64_t size, const std::string& owner = "romeo@example.org") {
  return {.owner = owner, .name = "a", .type = {}, .bytes = size};
}

class UploadsTest : public Hall {
 protected:
  UploadsTest() {
    Terms few = terms();
    few.file_bytes = 10 * kKilo;
    few.user_daily_bytes = 25 * kKilo;
    few.user_bytes = 40 * kKilo;
    serve(few);
  }
  /// A file that has been there since `ago`.
  void have(std::int64_t size, base::Duration ago, base::Duration stays = 24h * 30) {
    auto unit = base::make_ref<store::Unit>();
    const base::WallTime now = world.loop().wall();
    unit->add(store::UploadPut{{.id = random.token(),
                                .owner = "romeo@example.org",
                                .name = "a",
                                .type = "b/c",
                                .hash = "0",
                                .bytes = size,
                                .created = now - std::chrono::duration_cast<std::chrono::seconds>(ago),
                                .expires = now + std::chrono::duration_cast<std::chrono::seconds>(stays)}});
    store->write(unit, world.loop(), [](const base::Result<void>& done) { EXPECT_TRUE(done); });
    world.advance(100ms);
  }
  Refusal refusal(Wish wish) {
    auto got = ask(std::move(wish));
    EXPECT_FALSE(got);
    return got ? Refusal{} : got.error();
  }
};

TEST_F(UploadsTest, AFileHasABound) {
  EXPECT_TRUE(ask(of(10 * kKilo)));
  EXPECT_EQ(refusal(of(10 * kKilo + 1)).why, Refusal::Why::too_large);
  EXPECT_EQ(refusal(of(UINT64_MAX)).why, Refusal::Why::too_large);
}

TEST_F(UploadsTest, SlotsCountUntilTheirTimeIsOver) {
  EXPECT_TRUE(ask(of(10 * kKilo)));
  EXPECT_TRUE(ask(of(10 * kKilo)));
  EXPECT_EQ(refusal(of(10 * kKilo)).why, Refusal::Why::quota);
  EXPECT_TRUE(ask(of(10 * kKilo, "juliet@example.org"))) << "everybody has an own one";
  EXPECT_TRUE(ask(of(5 * kKilo)));
  EXPECT_FALSE(ask(of(1)));
  world.advance(Uploads::kSlot + 1min);
  EXPECT_TRUE(ask(of(10 * kKilo)));
}

TEST_F(UploadsTest, WhatOnePutWithinADayCounts) {
  have(20 * kKilo, 23h);
  have(1 * kKilo, 25h);
  const Refusal why = refusal(of(10 * kKilo));
  EXPECT_EQ(why.why, Refusal::Why::quota);
  ASSERT_TRUE(why.retry);
  EXPECT_LE(*why.retry - world.loop().wall(), 1h);
  EXPECT_GT(*why.retry - world.loop().wall(), 59min);
  EXPECT_TRUE(ask(of(5 * kKilo)));
  world.advance(1h);
  EXPECT_TRUE(ask(of(10 * kKilo)));
}

TEST_F(UploadsTest, WhatOneHasInAllCounts) {
  have(20 * kKilo, 48h, 24h);
  have(15 * kKilo, 48h);
  const Refusal why = refusal(of(10 * kKilo));
  EXPECT_EQ(why.why, Refusal::Why::quota);
  ASSERT_TRUE(why.retry);
  EXPECT_LE(*why.retry - world.loop().wall(), 24h);
  EXPECT_TRUE(ask(of(5 * kKilo)));
  world.advance(24h);
  EXPECT_TRUE(ask(of(10 * kKilo))) << "the first one's time is over";
}

TEST_F(UploadsTest, OnePersonHasSoManySlots) {
  Terms any = terms();
  any.user_bytes = any.user_daily_bytes = 0;
  serve(any);
  for (std::size_t i = 0; i < Uploads::kMostSlots; ++i) EXPECT_TRUE(ask(of(1)));
  const Refusal why = refusal(of(1));
  EXPECT_EQ(why.why, Refusal::Why::quota);
  EXPECT_TRUE(why.retry);
}

TEST_F(UploadsTest, PurposesHaveTheirTimes) {
  Terms some = terms();
  some.message_days = std::chrono::days(7);
  some.profile_days = std::chrono::days(0);
  serve(some);
  EXPECT_EQ(refusal({.owner = "a@b", .name = "a", .type = {}, .bytes = 1, .purpose = Purpose::permanent}).why,
            Refusal::Why::not_offered);
  const base::WallTime now = world.loop().wall(), never = base::WallTime::max();
  const auto expiry = [&](Purpose purpose, std::optional<base::WallTime> before = {}) {
    Slot slot;
    slot.purpose = purpose;
    slot.expire_before = before;
    return uploads->expiry_of(slot);
  };
  EXPECT_EQ(expiry(Purpose::message), now + std::chrono::days(7));
  EXPECT_EQ(expiry(Purpose::profile), never);
  EXPECT_EQ(expiry(Purpose::permanent), never);
  EXPECT_EQ(expiry(Purpose::ephemeral, now + 1h), now + 1h);
  EXPECT_EQ(expiry(Purpose::ephemeral, now + 24h * 30), now + std::chrono::days(7)) << "the client's word is a bound";
}

TEST_F(UploadsTest, AStoreThatDoesNotAnswerGivesNoSlot) {
  have(1, 1h);  // so that there is something to read from the disk
  sim::vfs_failure = SQLITE_IOERR_READ;
  EXPECT_EQ(refusal(of(1)).why, Refusal::Why::unavailable);
  sim::vfs_failure = SQLITE_OK;
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(ask(of(10 * kKilo))) << "the failure took nothing of the quota";
}

// By another implementation:
// printf 'abcd/très cool.jpg\0%d\0%s' 10000 image/jpeg | openssl dgst -sha256 -hmac 'a secret of two servers'
TEST(External, SignsPathSizeAndType) {
  const External external{"https://share.example.net/upload/",
                          std::make_shared<const base::Secret>("a secret of two servers")};
  Slot slot;
  slot.id = "abcd";
  slot.name = "très cool.jpg";
  slot.type = "image/jpeg";
  slot.bytes = 10 * kKilo;
  EXPECT_EQ(external_urls(external, slot).put,
            "https://share.example.net/upload/abcd/tr%C3%A8s%20cool.jpg?v2="
            "4864357479ac859b4faed9931c7686e07f95399f8882da3e718ef23e2d5cb12d");
}

TEST_F(UploadsTest, AnotherServerMayTakeTheFiles) {
  Terms theirs = terms();
  theirs.external =
      External{"https://share.example.net/upload/", std::make_shared<const base::Secret>("a secret of two servers")};
  theirs.user_daily_bytes = 25 * kKilo;
  serve(theirs);
  const auto urls =
      ask({.owner = "romeo@example.org", .name = "très cool.jpg", .type = "image/jpeg", .bytes = 10 * kKilo});
  ASSERT_TRUE(urls);
  const std::string start = "https://share.example.net/upload/", end = "/tr%C3%A8s%20cool.jpg";
  EXPECT_TRUE(urls->get.starts_with(start) && urls->get.ends_with(end)) << urls->get;
  EXPECT_TRUE(urls->put.starts_with(urls->get + "?v2=")) << urls->put;
  EXPECT_EQ(urls->put.size(), urls->get.size() + 4 + 64);
  EXPECT_TRUE(ask(of(10 * kKilo)));
  world.advance(Uploads::kSlot * 2);
  const Refusal why = refusal(of(10 * kKilo));
  EXPECT_EQ(why.why, Refusal::Why::quota) << "nobody tells what became of them: they count for a day";
  ASSERT_TRUE(why.retry);
  EXPECT_GT(*why.retry - world.loop().wall(), 23h);
  for (const Purpose purpose : {Purpose::profile, Purpose::ephemeral, Purpose::permanent}) {
    Wish wish = of(1);
    wish.purpose = purpose;
    EXPECT_EQ(refusal(std::move(wish)).why, Refusal::Why::not_offered) << "the other server would not know";
  }
  world.advance(24h);
  EXPECT_TRUE(ask(of(10 * kKilo)));
}

}  // namespace
}  // namespace web
