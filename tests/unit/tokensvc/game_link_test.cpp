// A game's connection: one at a time, dialled again with pauses, replies one by one, and what a cut leaves behind.
#include "tokensvc/game_link.h"

#include <gtest/gtest.h>

#include "game_town.h"

namespace tokensvc {
namespace {

using namespace std::chrono_literals;

/// The listening side; each read is noted with its time.
struct GameLinkTest : testing::Test {
  struct Read {
    base::MonoTime at;
    std::string bytes;
  };

  ~GameLinkTest() override { town.end(); }

  void listen() {
    town.dialer.listen("game.example.org", kGamePort, [this](sim::Peer peer) {
      for (const auto& earlier : peers) EXPECT_TRUE(earlier->ended()) << "two connections at a time";
      accepted.push_back(town.world.loop().now());
      sim::Peer& made = *peers.emplace_back(std::make_unique<sim::Peer>(std::move(peer)));
      made.on_arrival([this, &made] {
        if (deaf) return;
        std::string bytes = made.take();
        if (!bytes.empty()) reads.push_back({town.world.loop().now(), std::move(bytes)});
      });
    });
  }
  void ask(int seq) { peers.back()->send(game_request("Romeo", seq)); }
  std::vector<int> answered() const {
    std::vector<int> numbers;
    for (const Read& read : reads) numbers.push_back(GameReply(read.bytes).seq);
    return numbers;
  }

  GameTown town{7};
  std::vector<std::unique_ptr<sim::Peer>> peers;
  std::vector<base::MonoTime> accepted;
  std::vector<Read> reads;
  bool deaf = false;
};

TEST_F(GameLinkTest, AnswersWhatTheGameAsks) {
  listen();
  town.start();
  town.world.advance(1ms);
  ASSERT_EQ(peers.size(), 1U);
  EXPECT_TRUE(town.links().states().at(0).connected);
  ask(0);
  town.world.advance(1s);
  ASSERT_EQ(reads.size(), 1U);
  const GameReply reply(reads[0].bytes);
  EXPECT_EQ(reply.seq, 0);
  EXPECT_TRUE(reply.success);
  EXPECT_FALSE(reply.token.empty());
}

TEST_F(GameLinkTest, SaysNothingUnasked) {
  listen();
  town.start();
  town.world.advance(24h);
  EXPECT_EQ(peers.size(), 1U);
  EXPECT_EQ(peers[0]->bytes_to_client(), 0U);
  EXPECT_FALSE(peers[0]->ended());
}

TEST_F(GameLinkTest, RefusedItTriesAgainWithGrowingPauses) {
  town.start();
  std::vector<base::MonoTime> calls;
  for (std::size_t seen = 0; calls.size() < 10; town.world.advance(10ms)) {
    if (town.dialer.calls == seen) continue;
    seen = town.dialer.calls;
    calls.push_back(town.world.loop().now());
  }
  double expected = 1;
  for (std::size_t i = 1; i < calls.size(); ++i) {
    const double pause = std::chrono::duration<double>(calls[i] - calls[i - 1]).count();
    EXPECT_GE(pause, 0.75 * expected - 0.02) << i;
    EXPECT_LE(pause, 1.25 * expected + 0.02) << i;
    expected = std::min(2 * expected, 30.0);
  }
  listen();
  town.world.advance(40s);
  EXPECT_EQ(peers.size(), 1U);
}

TEST_F(GameLinkTest, NoAnswerIsARefusalToo) {
  town.dialer.silent = true;
  town.start();
  town.world.advance(13s);
  EXPECT_EQ(town.dialer.calls, 2U);
  EXPECT_FALSE(town.links().states().at(0).connected);
}

TEST_F(GameLinkTest, OnlyAGoodLifeShortensThePause) {
  listen();
  town.start();
  town.world.advance(1ms);
  for (const auto& [life, least, most] : {std::tuple{1s, 750ms, 1250ms},
                                          {1s, 1500ms, 2500ms},
                                          {59s, 3000ms, 5000ms},
                                          {61s, 750ms, 1250ms},
                                          {1s, 1500ms, 2500ms}}) {
    town.world.advance(life);
    const base::MonoTime cut = town.world.loop().now();
    const std::size_t before = peers.size();
    peers.back()->cut();
    while (peers.size() == before) town.world.advance(10ms);
    const base::Duration pause = accepted.back() - cut;
    EXPECT_GE(pause, least - 20ms) << peers.size();
    EXPECT_LE(pause, most + 20ms) << peers.size();
  }
}

TEST_F(GameLinkTest, EachReplyIsAWriteOfItsOwnInItsTime) {
  listen();
  town.start();
  town.world.advance(1ms);
  std::string burst;
  for (int seq = 0; seq < 50; ++seq) burst += game_request("Romeo", seq);
  peers[0]->send(burst);
  town.world.advance(5s);
  ASSERT_EQ(reads.size(), 50U);
  for (int seq = 0; seq < 50; ++seq) {
    EXPECT_EQ(GameReply(reads[seq].bytes).seq, seq);
    EXPECT_EQ(reads[seq].bytes.find('\0'), reads[seq].bytes.size() - 1) << "one reply a read";
    if (seq > 0) {
      EXPECT_GE(reads[seq].at - reads[seq - 1].at, 20ms);
    }
  }
}

TEST_F(GameLinkTest, WhatACutKeptBackComesOverTheNextConnectionOnce) {
  listen();
  town.start();
  town.world.advance(1ms);
  for (int seq = 0; seq < 6; ++seq) ask(seq);
  town.world.advance(50ms);  // some are written, others wait for the pace
  const std::size_t before = reads.size();
  EXPECT_GT(before, 0U);
  EXPECT_LT(before, 6U);
  peers.back()->cut();
  town.world.advance(5s);
  EXPECT_EQ(peers.size(), 2U);
  EXPECT_EQ(answered(), (std::vector{0, 1, 2, 3, 4, 5}));
}

TEST_F(GameLinkTest, ACutWithinAReplyLeavesItHeardOrUnheard) {
  listen();
  town.start();
  town.world.advance(1ms);
  ask(41);
  town.world.advance(1s);
  const std::string reply = reads.at(0).bytes;
  for (std::size_t at = 1; at < reply.size(); ++at) {
    town.dialer.link.cut_to_client = at;
    peers.back()->cut();
    town.world.advance(40s);
    reads.clear();
    town.dialer.link.cut_to_client = sim::kNever;
    ask(42);
    town.world.advance(40s);
    std::string all;
    for (const Read& read : reads) all += read.bytes;
    const bool heard = all.substr(0, at).find("\"seq\":42,") != std::string::npos;
    EXPECT_EQ(reads.size(), heard ? 1U : 2U) << at;
    if (!heard) {
      EXPECT_EQ(GameReply(reads.back().bytes).seq, 42) << at;
    }
  }
}

TEST_F(GameLinkTest, AfterAMinuteNobodyWaitsForAReply) {
  listen();
  town.start();
  town.world.advance(1ms);
  town.disk.stall(2s);  // the audit's row is not durable before the cut
  ask(0);
  town.world.advance(1s);
  town.dialer.close("game.example.org", kGamePort);
  peers.back()->cut();
  town.world.advance(58s);
  listen();
  town.world.advance(60s);
  EXPECT_EQ(peers.size(), 2U);
  EXPECT_TRUE(reads.empty());
  ask(1);
  town.world.advance(1s);
  EXPECT_EQ(answered(), std::vector{1});
}

TEST_F(GameLinkTest, WhatIsStillBeingRecordedAtACutComesLater) {
  listen();
  town.start();
  town.world.advance(1ms);
  town.disk.stall(10s);
  ask(0);
  town.world.advance(1s);
  peers.back()->cut();
  town.world.advance(15s);
  EXPECT_EQ(peers.size(), 2U);
  EXPECT_EQ(answered(), std::vector{0});
}

/// Asked 5, 6 and 7, and cut off before any answer.
struct CutOff : GameLinkTest {
  CutOff() {
    listen();
    town.start();
    town.world.advance(1ms);
    town.disk.stall(100ms);
    for (const int seq : {5, 6, 7}) ask(seq);
    town.world.advance(10ms);
    EXPECT_TRUE(reads.empty());
    peers.back()->cut();
    while (peers.size() == 1) town.world.advance(10ms);
  }
};

TEST_F(CutOff, AGameThatCountsOnIsAnsweredAtOnce) {
  ask(8);
  town.world.advance(200ms);
  EXPECT_EQ(answered(), (std::vector{5, 6, 7, 8}));
}

TEST_F(CutOff, AGameThatIsSilentIsAnsweredAfterAWhile) {
  town.world.advance(1s);
  EXPECT_TRUE(reads.empty());
  town.world.advance(2s);
  EXPECT_EQ(answered(), (std::vector{5, 6, 7}));
}

TEST_F(CutOff, AGameThatBeginsAnewIsNotToldWhatAnotherAsked) {
  ask(0);
  ask(5);
  town.world.advance(10s);
  EXPECT_EQ(answered(), (std::vector{0, 5}));
}

TEST_F(GameLinkTest, ADeafGameIsNotReadFromForEver) {
  listen();
  town.start();
  town.world.advance(1ms);
  deaf = true;
  peers[0]->read(false);
  for (int seq = 0; seq < 3000; ++seq) {
    ask(seq);
    town.world.advance(10ms);
  }
  town.world.advance(60s);
  EXPECT_TRUE(peers[0]->unread());
  const std::size_t taken = peers[0]->bytes_to_server();
  town.world.advance(60s);
  EXPECT_EQ(peers[0]->bytes_to_server(), taken);
  deaf = false;
  peers[0]->read(true);
  peers[0]->take();
  town.world.advance(5min);
  EXPECT_FALSE(peers[0]->unread());
  EXPECT_EQ(answered().back(), 2999);
}

TEST_F(GameLinkTest, AReloadKeepsTheConnectionOfAGameThatIsTheSame) {
  listen();
  town.start();
  town.world.advance(1ms);
  town.links().use({verona()});
  town.world.advance(1min);
  EXPECT_EQ(peers.size(), 1U);
  Game slower = verona();
  slower.pace = 50ms;
  town.links().use({slower});
  town.world.advance(1s);
  ASSERT_EQ(peers.size(), 2U);
  EXPECT_TRUE(peers[0]->ended());
  EXPECT_FALSE(peers[1]->ended());
  town.links().use({});
  town.world.advance(1min);
  EXPECT_TRUE(peers[1]->ended());
  EXPECT_EQ(peers.size(), 2U);
}

TEST_F(GameLinkTest, StoppingItWritesWhatItOwes) {
  listen();
  town.start();
  town.world.advance(1ms);
  for (int seq = 0; seq < 5; ++seq) ask(seq);
  town.world.advance(5ms);
  bool stopped = false;
  town.links().stop([&] { stopped = true; });
  town.world.advance(1s);
  EXPECT_EQ(answered(), (std::vector{0, 1, 2, 3, 4}));
  EXPECT_TRUE(peers[0]->ended());
  EXPECT_FALSE(stopped);
  peers[0]->end();
  town.world.advance(1ms);
  EXPECT_TRUE(stopped);
  town.world.advance(1min);
  EXPECT_EQ(peers.size(), 1U);
}

TEST_F(GameLinkTest, WithoutAuthoritiesAGameBehindTlsIsNotDialled) {
  listen();
  Game secure = verona();
  secure.tls = true;
  town.start({secure});
  town.world.advance(1min);
  EXPECT_EQ(town.dialer.calls, 0U);
}

}  // namespace
}  // namespace tokensvc
