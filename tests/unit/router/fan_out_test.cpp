// One stanza to many addresses: everybody gets a packet of his own, in order, at the price of one entry per shard.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "router/router.h"
#include "sim/sim_loop.h"

namespace router {
namespace {

using Texts = std::vector<std::string>;

/// Counts what other shards put into a loop's mailbox.
class CountedLoop final : public base::Loop {
 public:
  explicit CountedLoop(base::Loop& loop) : loop_(loop) {}
  base::MonoTime now() const override { return loop_.now(); }
  base::WallTime wall() const override { return loop_.wall(); }
  void post(base::Fn<void()> job) override {
    if (!loop_.here()) ++from_others;
    loop_.post(std::move(job));
  }
  bool here() const override { return loop_.here(); }
  void at_turn_end(base::Fn<void()> job) override { loop_.at_turn_end(std::move(job)); }
  base::TimerId after(base::Duration delay, base::Fn<void()> job) override {
    return loop_.after(delay, std::move(job));
  }
  void cancel(base::TimerId timer) override { loop_.cancel(timer); }

  int from_others = 0;

 private:
  base::Loop& loop_;
};

/// Keeps what it gets; of each packet, which id went to whom.
class Recipients final : public Component {
 public:
  Recipients(Router& router, std::vector<PacketRef>& got) : router_(router), got_(got) {}
  void receive(PacketRef packet) override {
    EXPECT_FALSE(receiving_) << "re-entered";
    EXPECT_EQ(router_.owner(packet->to()), router_.shard());
    EXPECT_TRUE(router_.loop().here());
    receiving_ = true;
    got_.push_back(packet);
    if (answer) answer(router_, *packet);
    receiving_ = false;
  }
  std::function<void(Router&, const Packet&)> answer;

 private:
  Router& router_;
  std::vector<PacketRef>& got_;
  bool receiving_ = false;
};

xmpp::Jid jid(std::string_view text) { return xmpp::Jid::parse(text).value(); }
xmpp::StanzaRef message(std::string_view id) { return xmpp::share(xmpp::make_message(xmpp::Type::groupchat, id)); }

std::vector<xmpp::Jid> occupants(int count) {
  std::vector<xmpp::Jid> all;
  for (int i = 0; i < count; ++i) all.push_back(jid("user" + std::to_string(i) + "@example.org/phone"));
  return all;
}

/// One world: its shards, and who got what.
struct Bus {
  explicit Bus(std::size_t shards, std::uint64_t seed = 42) : world(seed, shards) {
    std::vector<base::Loop*> all;
    for (base::Loop* loop : world.loops()) all.push_back(loops.emplace_back(new CountedLoop(*loop)).get());
    board = std::make_unique<Switchboard>(all);
    for (ShardId s = 0; s < board->shards(); ++s) {
      local.push_back(std::make_unique<Recipients>(board->router(s), got));
      board->router(s).claim("example.org", *local.back());
    }
  }
  /// Federation's part.
  void claim_rest() {
    for (ShardId s = 0; s < board->shards(); ++s) {
      rest.push_back(std::make_unique<Recipients>(board->router(s), got_remotely));
      board->router(s).claim_rest(*rest.back());
    }
  }
  /// Runs `job` as the room's owner would.
  template <class Job>
  void at_room(Job job) {
    world.loop(board->owner(room)).post([this, job] { job(board->router(board->owner(room))); });
  }
  AudienceRef audience(std::vector<xmpp::Jid> to) const {
    return base::make_ref<const Audience>(board->router(0), std::move(to));
  }
  void post(Router& router, const xmpp::Jid& to, std::string_view id) const {
    router.post(base::make_ref<const Packet>(message(id), room, to, Origin::component));
  }
  /// The ids that each address got, in order.
  std::map<std::string, Texts> by_recipient() const {
    std::map<std::string, Texts> ids;
    for (const PacketRef& packet : got) ids[std::string(packet->to().str())].emplace_back(packet->stanza().id());
    return ids;
  }

  xmpp::Jid room = jid("verona@conference.example.org/romeo");
  sim::World world;
  std::vector<std::unique_ptr<CountedLoop>> loops;
  std::vector<PacketRef> got, got_remotely;
  std::unique_ptr<Switchboard> board;
  std::vector<std::unique_ptr<Recipients>> local, rest;
};

class FanOutTest : public testing::TestWithParam<std::size_t> {
 protected:
  Bus bus{GetParam()};
};

TEST_P(FanOutTest, EverybodyGetsOnePacketOfHisOwn) {
  const auto to = bus.audience(occupants(40));
  EXPECT_EQ(to->size(), 40u);
  bus.at_room([&](Router& router) { router.post_to_all(message("1"), bus.room, to, Origin::component); });
  bus.world.settle();
  EXPECT_EQ(bus.got.size(), 40u);
  for (const auto& [recipient, ids] : bus.by_recipient()) EXPECT_EQ(ids, Texts{"1"}) << recipient;
  EXPECT_EQ(bus.by_recipient().size(), 40u);
  for (const PacketRef& packet : bus.got) {
    EXPECT_EQ(packet->from(), bus.room);
    EXPECT_EQ(packet->origin(), Origin::component);
    EXPECT_FALSE(packet->ticket());
  }
}

TEST_P(FanOutTest, KeepsTheOrderOfWhatIsPostedBeforeBetweenAndBehind) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Bus seeded(GetParam(), seed);
    const auto to = occupants(12);
    const auto all = seeded.audience(to);
    seeded.at_room([&](Router& router) {
      for (const xmpp::Jid& each : to) seeded.post(router, each, "1");
      router.post_to_all(message("2"), seeded.room, all, Origin::component);
      for (const xmpp::Jid& each : to) seeded.post(router, each, "3");
      router.post_to_all(message("4"), seeded.room, all, Origin::component);
      router.post_to_all(message("5"), seeded.room, all, Origin::component);
    });
    seeded.at_room([&](Router& router) { seeded.post(router, to[0], "6"); });
    seeded.world.settle();
    for (const auto& [recipient, ids] : seeded.by_recipient()) {
      const bool first = recipient == to[0].str();
      EXPECT_EQ(ids, first ? (Texts{"1", "2", "3", "4", "5", "6"}) : (Texts{"1", "2", "3", "4", "5"})) << recipient;
    }
  }
}

TEST_P(FanOutTest, WhatARecipientPostsComesBehind) {
  const auto to = occupants(6);
  for (auto& component : bus.local) {
    component->answer = [&](Router& router, const Packet& packet) {
      if (packet.stanza().id() == "1") bus.post(router, packet.to(), "2");
    };
  }
  bus.at_room([&](Router& router) { router.post_to_all(message("1"), bus.room, bus.audience(to), Origin::component); });
  bus.world.settle();
  for (const auto& [recipient, ids] : bus.by_recipient()) EXPECT_EQ(ids, (Texts{"1", "2"})) << recipient;
}

TEST_P(FanOutTest, TakesOneMailboxEntryForEachShardAndTurn) {
  const auto to = occupants(200);
  const auto all = bus.audience(to);
  bus.world.settle();
  bus.at_room([&](Router& router) {
    for (auto& loop : bus.loops) loop->from_others = 0;
    for (int i = 0; i < 3; ++i) router.post_to_all(message("1"), bus.room, all, Origin::component);
    bus.post(router, to[0], "2");
  });
  bus.world.settle();
  EXPECT_EQ(bus.got.size(), 601u);
  for (ShardId s = 0; s < bus.board->shards(); ++s)
    EXPECT_EQ(bus.loops[s]->from_others, s == bus.board->owner(bus.room) ? 0 : 1) << "shard " << s;
}

TEST_P(FanOutTest, ABurstLetsOthersHaveTheLoopInBetween) {
  constexpr std::size_t kMessages = 50, kOccupants = 1000;
  const auto to = occupants(kOccupants);
  std::size_t handed_over = 0;
  bus.at_room([&](Router& router) {
    const auto all = bus.audience(to);
    for (std::size_t i = 0; i < kMessages; ++i)
      router.post_to_all(message(std::to_string(i)), bus.room, all, Origin::component);
    bus.post(router, to[0], "last");
    router.loop().post([&] { handed_over = bus.got.size(); });
  });
  bus.world.settle();
  ASSERT_EQ(bus.got.size(), kMessages * kOccupants + 1);
  EXPECT_LT(handed_over, bus.got.size());
  Texts expected;
  for (std::size_t i = 0; i < kMessages; ++i) expected.push_back(std::to_string(i));
  for (const auto& [recipient, ids] : bus.by_recipient()) {
    Texts wanted = expected;
    if (recipient == to[0].str()) wanted.emplace_back("last");
    EXPECT_EQ(ids, wanted) << recipient;
  }
}

struct Ticket final : base::Held {
  explicit Ticket(bool& gone) : gone_(gone) {}
  ~Ticket() override { gone_ = true; }
  bool& gone_;
};

TEST_P(FanOutTest, TheTicketIsHeldUntilTheLastCopyIsGone) {
  bool gone = false;
  bus.at_room([&](Router& router) {
    router.post_to_all(message("1"), bus.room, bus.audience(occupants(20)), Origin::component,
                       base::make_ref<Ticket>(gone));
  });
  bus.world.settle();
  ASSERT_EQ(bus.got.size(), 20u);
  EXPECT_EQ(bus.got[0]->ticket()->holders(), 20u) << "the copies, and nothing else";
  EXPECT_TRUE(bus.got[0]->ticket()->sealed()) << "several shards have it";
  while (!bus.got.empty()) {
    EXPECT_FALSE(gone);
    bus.got.pop_back();
  }
  EXPECT_TRUE(gone);
}

TEST_P(FanOutTest, ToNobodyIsDoneAtOnce) {
  bool gone = false;
  const auto nobody = bus.audience({});
  EXPECT_EQ(nobody->size(), 0u);
  EXPECT_TRUE(nobody->empty());
  bus.at_room([&](Router& router) {
    router.post_to_all(message("1"), bus.room, nobody, Origin::component, base::make_ref<Ticket>(gone));
    EXPECT_TRUE(gone);
  });
  bus.world.settle();
  EXPECT_TRUE(bus.got.empty());
  EXPECT_TRUE(gone);
}

TEST_P(FanOutTest, ARemoteAddressGoesToTheOwnerOfItsDomain) {
  bus.claim_rest();
  auto to = occupants(3);
  for (const char* remote : {"juliet@capulet.example/x", "nurse@capulet.example/y", "paris@paris.example/z"})
    to.push_back(jid(remote));
  bus.at_room([&](Router& router) {
    bus.post(router, to[3], "1");
    router.post_to_all(message("2"), bus.room, bus.audience(to), Origin::component);
    bus.post(router, to[3], "3");
  });
  bus.world.settle();
  EXPECT_EQ(bus.got.size(), 3u);
  EXPECT_EQ(bus.got_remotely.size(), 5u);
  Texts juliet;
  for (const PacketRef& packet : bus.got_remotely)
    if (packet->to() == to[3]) juliet.emplace_back(packet->stanza().id());
  EXPECT_EQ(juliet, (Texts{"1", "2", "3"}));
}

TEST_P(FanOutTest, AnAddressNobodyOwnsIsAnsweredAndTheOthersGetTheirs) {
  auto to = occupants(2);
  to.insert(to.begin() + 1, jid("x@nowhere.example/y"));
  const xmpp::Jid sender = jid("romeo@example.org/orchard");
  bus.at_room([&](Router& router) { router.post_to_all(message("1"), sender, bus.audience(to), Origin::server); });
  bus.world.settle();
  auto got = bus.by_recipient();
  EXPECT_EQ(got.size(), 3u);
  EXPECT_EQ(got[std::string(sender.str())], Texts{"1"});
  const auto is_error = [](const PacketRef& p) { return p->stanza().type() == xmpp::Type::error; };
  ASSERT_EQ(std::ranges::count_if(bus.got, is_error), 1);
  EXPECT_EQ((*std::ranges::find_if(bus.got, is_error))->from(), to[1]);
}

TEST_P(FanOutTest, ManyShareTheBytesAndAFewDoWithout) {
  const xmpp::StanzaRef few = message("few"), many = message("many"), made = message("made")->serialised();
  bus.at_room([&](Router& router) {
    router.post_to_all(few, bus.room, bus.audience(occupants(2)), Origin::component);
    router.post_to_all(many, bus.room, bus.audience(occupants(20)), Origin::component);
    router.post_to_all(made, bus.room, bus.audience(occupants(20)), Origin::component);
  });
  bus.world.settle();
  const xmpp::Stanza* shared = nullptr;
  for (const PacketRef& packet : bus.got) {
    const xmpp::Stanza& stanza = packet->stanza();
    EXPECT_EQ(stanza.id() == "few", &stanza == few.get());
    EXPECT_EQ(stanza.id() == "made", &stanza == made.get()) << "made once";
    if (stanza.id() != "many") continue;
    EXPECT_NE(stanza.text(), nullptr);
    EXPECT_TRUE(shared == nullptr || shared == &stanza);
    shared = &stanza;
  }
}

INSTANTIATE_TEST_SUITE_P(Shards, FanOutTest, testing::Values(1u, 4u));

TEST(Audience, IsSortedByShardAndKeepsTheOrderInEach) {
  const Bus bus(4);
  auto to = occupants(100);
  to.push_back(to.front());  // twice named, twice served
  const auto audience = bus.audience(to);
  EXPECT_EQ(audience->size(), 101u);
  std::size_t seen = 0;
  for (ShardId s = 0; s < 4; ++s) {
    std::vector<xmpp::Jid> expected;
    for (const xmpp::Jid& each : to)
      if (bus.board->owner(each) == s) expected.push_back(each);
    EXPECT_TRUE(std::ranges::equal(audience->of(s), expected)) << "shard " << s;
    EXPECT_FALSE(expected.empty()) << "too few addresses to prove it";
    seen += audience->of(s).size();
  }
  EXPECT_EQ(seen, 101u);
}

}  // namespace
}  // namespace router
