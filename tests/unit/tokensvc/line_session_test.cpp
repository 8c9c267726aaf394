// Connections with the line protocol on virtual time: order, back-pressure, pace, proof of who it is, reload, end.
#include "tokensvc/line_session.h"

#include <gtest/gtest.h>

#include "house.h"
#include "tokensvc/line_server.h"
#include "tokensvc/verify.h"

namespace tokensvc {
namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
using namespace std::string_literals;

const std::string kNul(1, '\0');

std::string asking(int seq) {
  return R"({"displayName":"Romeo","channel":"tavern","seq":)" + std::to_string(seq) + '}' + kNul;
}

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

CallerSettings caller(const std::string& name, const std::string& secret) {
  CallerSettings made;
  made.caller = skotos();
  made.caller.name = name;
  made.secret = Locked(secret);
  return made;
}

class Lines : public House {
 protected:
  /// A connection of skotos.
  sim::Peer begin(std::optional<base::Duration> pace = std::nullopt, std::shared_ptr<Outbox> outbox = nullptr) {
    auto [transport, peer] = sim::make_link(world.loop());
    session = std::make_unique<LineSession>(
        *office, "skotos", std::move(transport), pace,
        [this](const base::Error& why) {
          ended = why.what.empty() ? "in order" : why.what;
          session.reset();
        },
        std::move(outbox));
    return std::move(peer);
  }
  std::string ask(sim::Peer& peer, const std::string& bytes) {
    peer.send(bytes);
    world.advance(100ms);
    return peer.take();
  }

  std::unique_ptr<LineSession> session;
  std::string ended;
};

TEST_F(Lines, RepliesKeepTheOrderOfRequestsThoughTokensWaitForTheirRow) {
  auto peer = begin();
  writing.stall(1s);
  EXPECT_EQ(ask(peer, asking(1) + R"({"cmd":"ping","seq":2})" + kNul + asking(3)), "");
  world.advance(2s);
  const std::string replies = peer.take();
  const auto first = replies.find("\"seq\":1"), second = replies.find("\"seq\":2"), third = replies.find("\"seq\":3");
  EXPECT_LT(first, second);
  EXPECT_LT(second, third);
  EXPECT_NE(third, std::string::npos) << replies;
  EXPECT_EQ(audit().size(), 2U);
}

TEST_F(Lines, AFullDiskHandsOutNothing) {
  auto peer = begin();
  sim::vfs_failure = SQLITE_FULL;
  const std::string refused = ask(peer, asking(1));
  EXPECT_NE(refused.find(R"("seq":1,"code":"unavailable"})"), std::string::npos) << refused;
  EXPECT_NE(refused.find(R"("token":"")"), std::string::npos) << refused;
  sim::vfs_failure = SQLITE_OK;
  EXPECT_NE(ask(peer, asking(2)).find(R"("success":true)"), std::string::npos);
}

TEST_F(Lines, WhoDoesNotReadIsNotRead) {
  auto peer = begin();
  peer.read(false);
  constexpr int kRequests = 5000;
  for (int i = 0; i < kRequests; ++i) peer.send(asking(i));
  world.advance(10s);
  EXPECT_TRUE(peer.unread()) << "the rest stays in the client";
  EXPECT_LT(audit({.max = kRequests}).size(), 3000U);
  peer.read(true);
  std::string replies;
  for (int i = 0; i < 100; ++i) {
    world.advance(100ms);
    replies += peer.take();
  }
  EXPECT_EQ(count(replies, "\"success\":true"), static_cast<std::size_t>(kRequests));
}

TEST_F(Lines, ThePaceLiesBetweenTwoReplies) {
  auto peer = begin(20ms);
  peer.send(asking(1) + asking(2) + asking(3));
  world.advance(15ms);
  EXPECT_EQ(count(peer.take(), "\"seq\""), 1U);
  world.advance(20ms);
  EXPECT_EQ(count(peer.take(), "\"seq\""), 1U);
  world.advance(20ms);
  EXPECT_EQ(count(peer.take(), "\"seq\""), 1U);
}

TEST_F(Lines, WhatIsOwedGoesOverTheNextConnection) {
  const auto outbox = std::make_shared<Outbox>();
  auto peer = begin(std::nullopt, outbox);
  writing.stall(1s);
  peer.send(asking(1));
  world.advance(100ms);
  peer.cut();
  world.advance(100ms);
  EXPECT_EQ(ended, "connection reset by peer");
  EXPECT_FALSE(outbox->empty());
  auto next = begin(std::nullopt, outbox);
  world.advance(2s);
  EXPECT_EQ(count(next.take(), "\"seq\":1,"), 1U);
  EXPECT_TRUE(outbox->empty());
}

TEST_F(Lines, ClosingWritesWhatIsOwed) {
  auto peer = begin();
  writing.stall(1s);
  peer.send(asking(1));
  world.advance(100ms);
  session->close();
  peer.send(asking(2));
  world.advance(2s);
  EXPECT_EQ(count(peer.take(), "\"seq\":1,"), 1U) << "and no second one";
  EXPECT_TRUE(peer.ended());
}

TEST_F(Lines, TooLongARequestIsTheEnd) {
  auto peer = begin();
  const std::string refused = ask(peer, std::string(16385, 'x'));
  EXPECT_NE(refused.find(R"("code":"too_large")"), std::string::npos) << refused;
  EXPECT_TRUE(peer.ended());
}

/// An entrance that two callers come through, each with a secret.
class Entrance : public Lines {
 protected:
  Entrance() {
    const auto settings = base::make_ref<Settings>(ring_of(secret_key()));
    settings->callers.push_back(caller("castle", "the secret of the castle"));
    settings->callers.push_back(caller("marrach", "the secret of marrach"));
    office->use(settings);
    server = std::make_unique<LineServer>(*office, LineEntrance{.port = 1});
  }
  sim::Peer come(const std::string& from = "192.0.2.1:40000") {
    auto [transport, peer] = sim::make_link(world.loop(), {.peer = from});
    server->accept(std::move(transport));
    return std::move(peer);
  }
  static std::string auth(const std::string& secret) { return R"({"auth":")" + secret + R"("})" + kNul; }

  std::unique_ptr<LineServer> server;
};

TEST_F(Entrance, ASecretIsShownFirst) {
  auto alone = come();
  EXPECT_NE(ask(alone, auth("the secret of marrach")).find(R"("message":"pong")"), std::string::npos);
  EXPECT_NE(ask(alone, asking(1)).find(R"("success":true)"), std::string::npos);
  auto within = come();
  const std::string request = R"({"auth":"the secret of the castle","displayName":"Z","channel":"c","seq":4})" + kNul;
  EXPECT_NE(ask(within, request + asking(5)).find(R"("seq":5,)"), std::string::npos);
  const auto rows = audit();
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_EQ(rows[0].caller, "marrach");
  EXPECT_EQ(rows[1].caller, "castle");
}

TEST_F(Entrance, WhoShowsNoneOrAWrongOneIsToldOnceAndGone) {
  const struct {
    std::string bytes, message, seq;
  } rows[] = {{auth("the secret of verona"), "wrong secret", ""},
              {R"({"auth":"","seq":3})" + kNul, "wrong secret", "3"},
              {asking(7) + asking(8), "the first frame must have the secret as auth", "7"},
              {R"({"auth":17})" + kNul, "the first frame must have the secret as auth", ""},
              {"GET / HTTP/1.1\r\n\r\n", "the first frame must have the secret as auth", ""},
              {std::string(20'000, '['), "a request has 16384 bytes at most", ""}};
  for (const auto& row : rows) {
    auto peer = come();
    const std::string refused = ask(peer, row.bytes);
    EXPECT_EQ(count(refused, "\"success\""), 1U) << refused;
    EXPECT_NE(refused.find(row.message), std::string::npos) << refused;
    EXPECT_EQ(refused.find("\"seq\":" + row.seq) != std::string::npos, !row.seq.empty()) << refused;
    EXPECT_TRUE(peer.ended());
  }
  world.advance(10s);
  EXPECT_EQ(server->connections(), 0U);
  EXPECT_TRUE(audit().empty());
}

TEST_F(Entrance, GuessingIsBoundedByAddress) {
  int judged = 0;
  for (int i = 0; i < 30; ++i) {
    auto peer = come("192.0.2.9:" + std::to_string(1000 + i));
    judged += ask(peer, auth("guess " + std::to_string(i))).find("\"wrong secret\"") != std::string::npos ? 1 : 0;
  }
  EXPECT_EQ(judged, 10);
  auto right = come("192.0.2.9:2000");
  EXPECT_NE(ask(right, auth("the secret of marrach")).find("rate_limited"), std::string::npos);
  auto elsewhere = come("192.0.2.10:2000");
  EXPECT_NE(ask(elsewhere, auth("the secret of marrach")).find("pong"), std::string::npos);
  world.advance(60s);
  auto later = come("192.0.2.9:2001");
  EXPECT_NE(ask(later, auth("the secret of marrach")).find("pong"), std::string::npos);
}

TEST_F(Entrance, ThereAreTenSecondsToSayWhoOneIs) {
  auto silent = come();
  world.advance(9s);
  EXPECT_FALSE(silent.ended());
  silent.send("{");
  world.advance(2s);
  EXPECT_TRUE(silent.ended());
  auto known = come();
  ask(known, auth("the secret of marrach"));
  world.advance(std::chrono::hours(24));
  EXPECT_FALSE(known.ended()) << "idle connections stay";
}

TEST_F(Entrance, StrangersMakeRoom) {
  auto known = come();
  ask(known, auth("the secret of marrach"));
  std::vector<sim::Peer> strangers;
  for (std::size_t i = 0; i < LineServer::kMostConnections; ++i) strangers.push_back(come());
  world.advance(1s);
  EXPECT_EQ(server->connections(), LineServer::kMostConnections);
  EXPECT_TRUE(strangers.front().closed());
  EXPECT_NE(ask(known, asking(1)).find(R"("success":true)"), std::string::npos);
}

TEST_F(Entrance, AReloadSendsAwayWhoseProofIsAnother) {
  auto castle = come(), marrach = come();
  ask(castle, auth("the secret of the castle"));
  ask(marrach, auth("the secret of marrach"));
  const auto next = base::make_ref<Settings>(
      ring_of(secret_key(Algorithm::hs256, "2026", std::string(32, 'n')), secret_key(Algorithm::hs256, "2025")));
  next->callers.push_back(caller("castle", "the secret of the castle"));
  next->callers.push_back(caller("marrach", "a new secret of marrach"));
  office->use(next);
  server->reconsider();
  const std::string reply = ask(castle, asking(1));
  const std::size_t begin = reply.find(R"("token":")") + 9;
  const std::string token = reply.substr(begin, reply.find('"', begin) - begin);
  const auto now = std::chrono::floor<std::chrono::seconds>(world.loop().wall());
  const VerifyRules rules{.issuers = {"skotos"}};
  EXPECT_TRUE(verify(token, ring_of(secret_key(Algorithm::hs256, "2026", std::string(32, 'n'))), rules, now));
  EXPECT_FALSE(verify(token, ring_of(secret_key()), rules, now)) << "the old key signs no more";
  EXPECT_TRUE(marrach.ended());
  auto again = come();
  EXPECT_NE(ask(again, auth("a new secret of marrach")).find("pong"), std::string::npos);
}

TEST_F(Entrance, StoppingAnswersWhatWasAsked) {
  auto peer = come();
  ask(peer, auth("the secret of marrach"));
  writing.stall(1s);
  peer.send(asking(1));
  peer.on_arrival([&peer] {
    if (peer.ended()) peer.end();
  });
  world.advance(100ms);
  bool stopped = false;
  server->stop([&stopped] { stopped = true; });
  world.advance(500ms);
  EXPECT_FALSE(stopped);
  world.advance(2s);
  EXPECT_TRUE(stopped);
  EXPECT_EQ(count(peer.take(), R"("success":true)"), 1U);
}

TEST_F(Entrance, AUserIsKnownByItsProcess) {
  const auto settings = settings_of();
  settings->callers[0].user = 1000;
  office->use(settings);
  LineServer socket(*office, {.socket = "/run/games.sock"});
  EXPECT_TRUE(socket.admits(1000));
  EXPECT_FALSE(socket.admits(1001));
  auto [transport, peer] = sim::make_link(world.loop(), {.peer = "uid 1000 pid 17"});
  socket.accept(std::move(transport), 1000);
  EXPECT_NE(ask(peer, asking(1)).find(R"("success":true)"), std::string::npos);
  auto [other, stranger] = sim::make_link(world.loop(), {.peer = "uid 0 pid 18"});
  socket.accept(std::move(other), 0);
  EXPECT_NE(ask(stranger, asking(1)).find("forbidden"), std::string::npos) << "root has no caller of its own";
}

TEST_F(Entrance, OneCallersEntranceIsNoOthers) {
  LineServer castles(*office, {.port = 1, .caller = "castle"});
  auto [transport, peer] = sim::make_link(world.loop());
  castles.accept(std::move(transport));
  EXPECT_NE(ask(peer, auth("the secret of marrach")).find("wrong secret"), std::string::npos);
}

}  // namespace
}  // namespace tokensvc
