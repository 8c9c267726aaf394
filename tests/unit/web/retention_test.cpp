// Files go when their time is over, and so does what a crash has left.
#include "web/retention.h"

#include <fstream>

#include "hall.h"

namespace web {
namespace {

class RetentionTest : public Surfer {
 protected:
  std::string have(const std::string& text, const std::string& name = "file.bin") {
    const auto [to, from] = slot(text.size(), name);
    EXPECT_EQ(put(to, text).status, 201);
    return from;
  }
  void keep_time() { retention_.emplace(world.loop(), *store, uploads->names()); }

 private:
  std::optional<Retention> retention_;
};

TEST_F(RetentionTest, AFileGoesWhenItsTimeIsOver) {
  keep_time();
  const std::string from = have("hello");
  world.advance(24h * 29);
  EXPECT_EQ(get(from).status, 200);
  world.advance(24h);
  EXPECT_EQ(get(from).status, 404) << "at once";
  world.advance(Retention::kRound + 1min);
  EXPECT_FALSE(record(from));
  EXPECT_TRUE(files().empty());
}

TEST_F(RetentionTest, WhatAnotherUploadHasStays) {
  keep_time();
  const std::string first = have("hello");
  world.advance(24h);
  const std::string second = have("hello");
  EXPECT_EQ(files().size(), 1U);
  world.advance(24h * 29 + Retention::kRound + 1min);
  EXPECT_FALSE(record(first));
  EXPECT_EQ(get(second).body, "hello");
  world.advance(24h + Retention::kRound);
  EXPECT_TRUE(files().empty());
}

TEST_F(RetentionTest, AnAccountThatGoesTakesItsFilesAlong) {
  keep_time();
  const std::string from = have("hello");
  auto unit = base::make_ref<store::Unit>();
  unit->add(store::AccountDelete{"romeo@example.org"});
  store->write(unit, world.loop(), [](const base::Result<void>& done) { EXPECT_TRUE(done); });
  world.advance(1s);
  EXPECT_EQ(get(from).status, 404);
  world.advance(Retention::kRound + 1min);
  EXPECT_TRUE(files().empty());
}

TEST_F(RetentionTest, OnlyTheOwnerMayWithdraw) {
  const std::string from = have("hello");
  const std::string id = from.substr(1, from.find('/', 1) - 1);
  for (const auto& [owner, status] : {std::pair{"juliet@example.org", 200}, std::pair{"romeo@example.org", 404}}) {
    auto unit = base::make_ref<store::Unit>();
    unit->add(store::UploadWithdraw{id, owner});
    store->write(unit, world.loop(), [](const base::Result<void>& done) { EXPECT_TRUE(done); });
    world.advance(1s);
    EXPECT_EQ(get(from).status, status) << owner;
  }
}

TEST_F(RetentionTest, AFileThatNobodyKnowsGoesAfterAStart) {
  const std::string from = have("hello");
  const std::string stray(64, 'a');
  std::filesystem::create_directories(folder + "/uploads/aa");
  std::ofstream(folder + "/uploads/aa/" + stray.substr(2)) << "left by a crash";
  std::ofstream(folder + "/uploads/aa/notes.txt") << "not ours";
  EXPECT_EQ(files().size(), 3U);
  keep_time();
  world.advance(5min);
  EXPECT_EQ(files().size(), 3U);
  EXPECT_FALSE(std::filesystem::exists(folder + "/uploads/aa/" + stray.substr(2)));
  EXPECT_TRUE(std::filesystem::exists(folder + "/uploads/lost/aa/" + stray.substr(2)));
  EXPECT_EQ(get(from).body, "hello");
  world.advance(Names::kLost - 10min);
  keep_time();
  world.advance(5min);
  EXPECT_TRUE(std::filesystem::exists(folder + "/uploads/lost/aa/" + stray.substr(2))) << "its time isn't over";
  world.advance(10min);
  keep_time();
  world.advance(5min);
  EXPECT_FALSE(std::filesystem::exists(folder + "/uploads/lost/aa/" + stray.substr(2)));
  EXPECT_TRUE(std::filesystem::exists(folder + "/uploads/aa/notes.txt"));
}

// Somebody may put back the database that a new one has stood in for.
TEST_F(RetentionTest, WhatTheStoreHasLostCanComeBack) {
  const std::string from = have("hello");
  const store::UploadRecord kept = record(from).value();
  write(store::UploadDelete{kept.id, kept.created + 48h});
  keep_time();
  world.advance(5min);
  ASSERT_EQ(files().size(), 1U);
  EXPECT_TRUE(files().at(0).starts_with(folder + "/uploads/lost/"));
  EXPECT_EQ(get(from).status, 404);
  write(store::UploadPut{kept});
  keep_time();
  world.advance(5min);
  EXPECT_EQ(get(from).body, "hello");
  EXPECT_EQ(files().size(), 1U);
}

TEST_F(RetentionTest, AStoreThatDoesNotAnswerLosesNothing) {
  const store::UploadRecord kept = record(have("hello")).value();
  write(store::UploadDelete{kept.id, kept.created + 48h});
  sim::vfs_failure = SQLITE_IOERR_READ;
  keep_time();
  world.advance(5min);
  sim::vfs_failure = SQLITE_OK;
  ASSERT_EQ(files().size(), 1U);
  EXPECT_FALSE(files().at(0).starts_with(folder + "/uploads/lost/"));
}

// What is gone within its day counts until the day is over, and its slot isn't good for another file.
TEST_F(RetentionTest, WhatWentWithinTheDayStillCounts) {
  Terms few = terms();
  few.user_daily_bytes = 10;
  few.user_bytes = 10;
  serve(few);
  keep_time();
  const auto [to, from] = slot(10);
  EXPECT_EQ(put(to, "0123456789").status, 201);
  write(store::UploadWithdraw{id_of(from), "romeo@example.org"});
  world.advance(Retention::kFirst);
  EXPECT_TRUE(files().empty());
  EXPECT_EQ(put(to, "9876543210").status, 409);
  EXPECT_EQ(get(from).status, 404);
  const auto more = ask({.owner = "romeo@example.org", .name = "a", .type = {}, .bytes = 1});
  ASSERT_FALSE(more);
  EXPECT_EQ(more.error().why, Refusal::Why::quota);
  EXPECT_LE(*more.error().retry - world.loop().wall(), 24h);
  world.advance(24h + Retention::kRound);
  EXPECT_FALSE(record(from));
  EXPECT_TRUE(ask({.owner = "romeo@example.org", .name = "a", .type = {}, .bytes = 10}));
}

TEST_F(RetentionTest, AFileThatComesAfterItsAccountWentGoes) {
  keep_time();
  const auto [to, from] = slot(5);
  sim::Peer peer = connect();
  peer.send(put_head(to, 5) + "hell");
  world.advance(1s);
  write(store::AccountDelete{"romeo@example.org"});
  peer.send("o");
  world.advance(1s);
  EXPECT_EQ(read_answer(peer.take()).status, 201);
  EXPECT_EQ(get(from).status, 404);
  world.advance(Retention::kRound + 1min);
  EXPECT_TRUE(files().empty());
}

// A removal that has asked the store must not take what came after its question.
TEST_F(RetentionTest, WhatIsPutAgainMeanwhileStays) {
  for (unsigned step = 0; step < 40; ++step) {
    const std::string text = "hello " + std::to_string(step);
    const std::string first = have(text);
    auto unit = base::make_ref<store::Unit>();
    unit->add(store::UploadWithdraw{first.substr(1, first.find('/', 1) - 1), "romeo@example.org"});
    store->write(unit, world.loop(), [](const base::Result<void>&) {});
    const auto [to, from] = slot(text.size());
    keep_time();
    world.advance(Retention::kFirst - 20ms + 1ms * step);
    sim::Peer peer = connect();
    peer.send(put_head(to, text.size()) + text);
    world.advance(1min);
    EXPECT_EQ(read_answer(peer.take()).status, 201);
    EXPECT_EQ(get(from).body, text) << step;
  }
}

}  // namespace
}  // namespace web
