// Acknowledged means durable (docs/decisions/0002-durable-acks.md), seen from outside.
#include "fixture.h"

namespace accounts_test {
namespace {

class WindowTest : public HouseTest {
 protected:
  /// Archives every message of the recipient: one row in the sender's unit.
  void keep_messages() {
    for (auto& part : house.parts) {
      part->points.inbound.push_back([this](router::Passage& passage) {
        if (passage.packet->stanza().kind() != xmpp::Kind::message) return router::Verdict::pass();
        store::unit_of(*passage.rows)
            .add(store::ArchivePut{{.owner = std::string(passage.account.jid().str()),
                                    .id = ++last_id_,
                                    .with = "peer",
                                    .time = {},
                                    .stanza = std::string(passage.packet->stanza().id())}});
        passage.archived = true;
        return router::Verdict::pass();
      });
    }
  }
  Texts archive(const std::string& owner) {
    Texts ids;
    house.store->read(
        house.world.loop(0), [owner](store::Reader& r) { return r.archive({.owner = owner}); },
        [&](const base::Result<store::ArchivePage>& page) {
          for (const auto& row : page.value().rows) ids.push_back(row.stanza);
        });
    house.settle();
    return ids;
  }
  static std::string message(std::string_view to, int number) {
    return "<message type='chat' to='" + std::string(to) + "' id='m" + std::to_string(number) +
           "'><body>x</body></message>";
  }
  std::int64_t last_id_ = 0;
};

TEST_P(WindowTest, ASlotCompletesWhenItsRowIsDurable) {
  keep_messages();
  const auto romeo = house.login("romeo@example.org/orchard");
  const auto juliet = house.login("juliet@example.org/balcony");
  house.owner(romeo->jid).sm_enabled(romeo->id, "sm1");
  const std::uint32_t before = romeo->complete;
  house.submit(*romeo, message("juliet@example.org", 1));
  house.world.settle();  // no virtual time passes, so no commit either
  EXPECT_EQ(juliet->got.size(), 1u) << "delivery doesn't wait for the commit";
  EXPECT_EQ(romeo->complete, before);
  house.settle();
  EXPECT_EQ(romeo->complete, before + 1);
  EXPECT_EQ(archive("juliet@example.org"), Texts{"m1"});
  EXPECT_EQ(house.mark("sm1"), 1u);
}

TEST_P(WindowTest, RowsOfOneSessionCommitInOrderWhoeverGetsThem) {
  keep_messages();
  const auto romeo = house.login("romeo@example.org/orchard");
  house.owner(romeo->jid).sm_enabled(romeo->id, "sm1");
  const std::uint32_t before = romeo->complete;
  // Accounts on other shards, one of which has to be loaded first.
  const auto juliet = house.login("juliet@example.org/balcony");
  for (int i = 0; i < 12; ++i) {
    constexpr const char* kTo[] = {"juliet@example.org", "mercutio@example.org", "romeo@example.org"};
    house.submit(*romeo, message(kTo[i % 3], i));
  }
  std::uint32_t last = 0;
  for (int step = 0; step < 400; ++step) {
    house.world.advance(std::chrono::microseconds(250));
    const std::uint32_t complete = romeo->complete - before;
    EXPECT_GE(complete, last);
    last = complete;
  }
  house.settle();
  EXPECT_EQ(romeo->complete, before + 12);
  EXPECT_EQ(house.mark("sm1"), 12u);
  EXPECT_EQ(archive("mercutio@example.org"), (Texts{"m1", "m4", "m7", "m10"}));
}

TEST_P(WindowTest, WhatCannotBeStoredIsAnsweredBeforeItCompletes) {
  keep_messages();
  const auto romeo = house.login("romeo@example.org/orchard");
  const auto juliet = house.login("juliet@example.org/balcony");
  house.owner(romeo->jid).sm_enabled(romeo->id, "sm1");
  const std::uint32_t before = romeo->complete;
  house.send(*romeo, message("juliet@example.org", 1));
  sim::vfs_failure = SQLITE_FULL;
  house.send(*romeo, message("juliet@example.org", 2));
  sim::vfs_failure = SQLITE_OK;
  house.send(*romeo, message("juliet@example.org", 3));
  EXPECT_EQ(count_with(romeo->got, "internal-server-error"), 1u);
  EXPECT_EQ(count_with(romeo->got, "id='m2'"), 1u);
  EXPECT_EQ(count_with(romeo->got, "type='wait'"), 1u);
  EXPECT_EQ(romeo->complete, before + 3);
  EXPECT_EQ(archive("juliet@example.org"), (Texts{"m1", "m3"}));
  EXPECT_EQ(house.mark("sm1"), 3u);
}

TEST_P(WindowTest, RowsUnderWayAreWrittenAfterTheSessionEnded) {
  keep_messages();
  const auto romeo = house.login("romeo@example.org/orchard");
  house.owner(romeo->jid).sm_enabled(romeo->id, "sm1");
  house.submit(*romeo, message("juliet@example.org", 1));
  house.submit(*romeo, message("mercutio@example.org", 2));
  house.unbind(*romeo);
  EXPECT_EQ(archive("juliet@example.org"), Texts{"m1"});
  EXPECT_EQ(archive("mercutio@example.org"), Texts{"m2"});
  EXPECT_EQ(house.mark("sm1"), std::nullopt);
  EXPECT_EQ(house.owner(romeo->jid).open_windows(), 0u);
}

TEST_P(WindowTest, AHibernatedSessionsMarkStays) {
  keep_messages();
  const auto romeo = house.login("romeo@example.org/orchard");
  house.owner(romeo->jid).sm_enabled(romeo->id, "sm1");
  house.submit(*romeo, message("juliet@example.org", 1));
  house.unbind(*romeo, false);
  EXPECT_EQ(house.mark("sm1"), 1u);
}

// Decision 0002, point 6: without an archive an offline row stands in until the recipient's client has the message.
TEST_P(WindowTest, AMarkThatNobodyAskedForIsRemoved) {
  keep_messages();
  const auto romeo = house.login("romeo@example.org/orchard");
  house.owner(romeo->jid).sm_enabled(romeo->id, "sm1");
  house.send(*romeo, message("juliet@example.org", 1));
  house.unbind(*romeo, false);
  house.world.advance(std::chrono::hours(23));
  EXPECT_EQ(house.mark("sm1"), 1u);
  house.world.advance(std::chrono::hours(2));
  EXPECT_EQ(house.mark("sm1"), std::nullopt);
}

TEST_P(WindowTest, AnOfflineRowStandsInUntilTheClientAcknowledges) {
  const auto romeo = house.login("romeo@example.org/orchard");
  const auto juliet = house.login("juliet@example.org/balcony");
  house.owner(romeo->jid).sm_enabled(romeo->id, "sm1");
  house.send(*romeo, message("juliet@example.org", 1));
  ASSERT_EQ(house.offline_rows("juliet@example.org").size(), 1u);
  EXPECT_TRUE(juliet->unacknowledged.back().kept);
  juliet->acknowledge();
  house.settle();
  EXPECT_EQ(house.offline_rows("juliet@example.org").size(), 0u);
}

TEST_P(WindowTest, AnEarlyAcknowledgementLeavesNoRow) {
  const auto romeo = house.login("romeo@example.org/orchard");
  const auto juliet = house.login("juliet@example.org/balcony");
  house.owner(romeo->jid).sm_enabled(romeo->id, "sm1");
  house.submit(*romeo, message("juliet@example.org", 1));
  house.world.settle();
  juliet->acknowledge();
  house.settle();
  EXPECT_EQ(house.offline_rows("juliet@example.org").size(), 0u);
  EXPECT_EQ(house.mark("sm1"), 1u);
}

TEST_P(WindowTest, ASenderThatWasPromisedNothingLeavesNoRow) {
  const auto romeo = house.login("romeo@example.org/orchard");
  const auto juliet = house.login("juliet@example.org/balcony");
  house.send(*romeo, message("juliet@example.org", 1));
  EXPECT_EQ(juliet->got.size(), 1u);
  EXPECT_EQ(house.offline_rows("juliet@example.org").size(), 0u);
  EXPECT_FALSE(juliet->unacknowledged.back().kept);
}

/// Sends what it gets to juliet and mercutio, who may be on other shards.
class Room final : public router::Component {
 public:
  explicit Room(router::Router& router) : router_(router) {}
  void receive(router::PacketRef packet) override {
    const auto all = base::make_ref<const router::Audience>(
        router_, std::vector{jid("juliet@example.org"), jid("mercutio@example.org")});
    router_.post_to_all(packet->share(), packet->to(), all, router::Origin::component, packet->ticket());
  }

 private:
  router::Router& router_;
};

TEST_P(WindowTest, TheSlotOfAFanOutCompletesWhenEveryRecipientsRowsAreDurable) {
  keep_messages();
  std::vector<std::unique_ptr<Room>> rooms;
  for (router::ShardId s = 0; s < house.board.shards(); ++s) {
    rooms.push_back(std::make_unique<Room>(house.board.router(s)));
    house.board.router(s).claim("rooms.example.org", *rooms.back());
  }
  const auto romeo = house.login("romeo@example.org/orchard");
  const auto juliet = house.login("juliet@example.org/balcony");
  const auto mercutio = house.login("mercutio@example.org/street");
  house.owner(romeo->jid).sm_enabled(romeo->id, "");  // no mark, so the slot itself writes nothing
  const std::uint32_t before = romeo->complete;
  house.writing.stall(std::chrono::seconds(2));
  house.submit(*romeo, message("verona@rooms.example.org", 1));
  house.world.advance(std::chrono::seconds(1));
  EXPECT_EQ(juliet->got.size() + mercutio->got.size(), 2u);
  EXPECT_EQ(romeo->complete, before) << "the rows are not written yet";
  house.world.advance(std::chrono::seconds(2));
  EXPECT_EQ(romeo->complete, before + 1);
  EXPECT_EQ(archive("juliet@example.org"), Texts{"m1"});
  EXPECT_EQ(archive("mercutio@example.org"), Texts{"m1"});
}

EXEDRA_BOTH_SIZES(WindowTest);

}  // namespace
}  // namespace accounts_test
