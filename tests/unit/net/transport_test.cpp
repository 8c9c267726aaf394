// A plain connection: bytes both ways, back-pressure both ways, and every way to end.
#include "unit/net/loopback.h"

namespace {

using namespace loopback;

TEST(Transport, EchoesInOrder) {
  Server server([](Peer& peer) { peer.take = echo; });
  Client romeo(server.port());
  romeo.send("wherefore ");
  romeo.send("art thou");
  EXPECT_EQ(romeo.receive(18), "wherefore art thou");
  Peer& peer = *server.accepted.get();
  EXPECT_TRUE(peer.transport->peer().starts_with("127.0.0.1:"));
  romeo.end_output();
  EXPECT_EQ(peer.closed.get(), "");
}

TEST(Transport, OneTurnIsOneWriteAndThenDrained) {
  Server server([](Peer& peer) {
    peer.take = [](Peer& p, std::string_view text) {
      for (const char c : text) p.transport->send({&c, 1});
      EXPECT_EQ(p.transport->queued_bytes(), text.size());
      EXPECT_EQ(p.drains, 0);
      return text.size();
    };
    peer.drained = [](Peer& p) { EXPECT_EQ(p.transport->queued_bytes(), 0U); };
  });
  Client romeo(server.port());
  romeo.send("juliet");
  EXPECT_EQ(romeo.receive(6), "juliet");
  Peer& peer = *server.accepted.get();
  EXPECT_EQ(server.home.run([&] { return peer.drains; }), 1);
}

TEST(Transport, SenderWaitsForTheDrainOfALargeTransfer) {
  const std::string all = pattern(8 << 20);
  const auto pump = [&all, sent = std::size_t{0}](Peer& peer) mutable {
    while (sent < all.size() && peer.transport->queued_bytes() < 256 * 1024) {
      peer.transport->send(std::string_view(all).substr(sent, 100'000));
      sent += 100'000;
    }
  };
  Server server([&](Peer& peer) { peer.drained = pump; });
  Client romeo(server.port(), AF_INET, 16 * 1024);
  Peer& peer = *server.accepted.get();
  server.home.run([&] { peer.drained(peer); });
  EXPECT_EQ(romeo.receive(all.size()), all);
}

TEST(Transport, ReaderPausesAndTheSenderMustWait) {
  Server server([](Peer& peer) {
    peer.take = [](Peer& p, std::string_view text) {
      p.transport->pause();
      return std::min<std::size_t>(text.size(), 10);
    };
  });
  Client romeo(server.port());
  Peer& peer = *server.accepted.get();
  const std::string block = pattern(64 * 1024);
  std::string sent = "0123456789";
  romeo.send(sent);
  while (server.home.run([&] { return peer.received.empty(); })) {
  }
  while (sent.size() < (64U << 20)) {  // until the kernel's buffers of both ends are full
    const auto count = ::send(romeo.fd(), block.data(), block.size(), MSG_DONTWAIT);
    if (count < 0) break;
    sent.append(block, 0, static_cast<std::size_t>(count));
  }
  EXPECT_LT(sent.size(), 64U << 20);
  server.home.run([&] {
    EXPECT_EQ(peer.received.size(), 10U);
    peer.take = [](Peer& p, std::string_view text) {
      if (text.size() <= 30'000) return text.size();
      p.transport->pause();
      p.transport->send("p");
      return std::size_t{30'000};
    };
    peer.drained = [](Peer& p) { p.transport->resume(); };
    peer.transport->resume();
  });
  romeo.end_output();
  EXPECT_EQ(peer.closed.get(), "");
  EXPECT_EQ(server.home.run([&] { return peer.received == sent; }), true);
}

TEST(Transport, ResumedWithinACallTheRestComesAgain) {
  Server server([](Peer& peer) {
    peer.take = [](Peer& p, std::string_view text) {  // line by line, each answered at once
      p.transport->pause();
      p.transport->send("!");
      p.transport->resume();
      return text.find('\n') + 1;
    };
  });
  Client romeo(server.port());
  romeo.send("one\ntwo\nthree\n");
  EXPECT_EQ(romeo.receive(3), "!!!");
}

TEST(Transport, QueueBeyondItsBoundCuts) {
  Server server({}, {.queue = 1000});
  Client romeo(server.port());
  Peer& peer = *server.accepted.get();
  server.home.run([&] {
    peer.transport->send(std::string(1001, 'x'));
    EXPECT_TRUE(peer.closed.empty());  // told later
  });
  EXPECT_EQ(peer.closed.get(), "the queue to the peer overflowed");
  EXPECT_EQ(romeo.receive_some(), "");
}

TEST(Transport, CloseSendsEverythingFirst) {
  Server server({});
  Client romeo(server.port(), AF_INET, 16 * 1024);
  Peer& peer = *server.accepted.get();
  const std::string all = pattern(2 << 20);
  server.home.run([&] {
    peer.transport->send(all);
    peer.transport->close();
    peer.transport->send("too late");
  });
  EXPECT_EQ(romeo.receive(all.size() + 1), all);
  EXPECT_TRUE(peer.closed.empty());  // until the peer ends its side
  romeo.end_output();
  EXPECT_EQ(peer.closed.get(), "");
}

TEST(Transport, CloseIsBoundedWhenThePeerStays) {
  Server server({}, {.close = 20ms});
  Client romeo(server.port());
  Peer& peer = *server.accepted.get();
  server.home.run([&] { peer.transport->close(); });
  EXPECT_EQ(peer.closed.get(), "");
}

TEST(Transport, PeerThatEndsItsSideStillGetsTheAnswer) {
  Server server([](Peer& peer) { peer.take = echo; });
  Client romeo(server.port());
  romeo.send("last words");
  romeo.end_output();
  EXPECT_EQ(romeo.receive(100), "last words");
  EXPECT_EQ(server.accepted.get()->closed.get(), "");
}

// The socket tells of the bytes and of the end at once, while nobody reads.
TEST(Transport, AnEndThatCameWhileReadingWasPausedIsSeen) {
  Awaited<bool> paused;
  Server server([&](Peer& peer) {
    peer.take = [&](Peer& p, std::string_view) {
      p.transport->pause();
      paused.put(true);
      return std::size_t{0};
    };
  });
  Client romeo(server.port());
  romeo.send("first");
  Peer& peer = *server.accepted.get();
  EXPECT_TRUE(paused.get());
  romeo.send(" last words");
  romeo.end_output();
  server.home.run([&] {
    peer.take = nullptr;
    peer.transport->resume();
  });
  EXPECT_EQ(peer.closed.get(), "");
  EXPECT_EQ(server.home.run([&] { return peer.received; }), "first last words");
}

TEST(Transport, ThatThePeerHasEndedIsKnownWhilePaused) {
  Server server({});
  Client romeo(server.port());
  Peer& peer = *server.accepted.get();
  const auto known = [&] { return server.home.run([&] { return peer.transport->peer_ended(); }); };
  server.home.run([&] { peer.transport->pause(); });
  romeo.send("unread");
  EXPECT_FALSE(known());
  romeo.end_output();
  while (!known()) {
  }
  EXPECT_TRUE(peer.closed.empty());
}

TEST(Transport, ResetIsAnErrorUnlessClosing) {
  for (const bool closing : {false, true}) {
    Server server({});
    Client romeo(server.port());
    Peer& peer = *server.accepted.get();
    if (closing) server.home.run([&] { peer.transport->close(); });
    romeo.reset();
    EXPECT_EQ(peer.closed.get(), closing ? "" : "receiving: Connection reset by peer");
  }
}

TEST(Transport, DestroyedWithinItsOwnCall) {
  Awaited<bool> gone;
  Server server([&](Peer& peer) {
    peer.take = [&](Peer& p, std::string_view text) {
      p.transport->send("never seen");
      p.transport.reset();
      gone.put(true);
      return text.size();
    };
  });
  Client romeo(server.port());
  romeo.send("quit");
  EXPECT_TRUE(gone.get());
  EXPECT_EQ(romeo.receive_some(), "");
  EXPECT_TRUE(server.accepted.get()->closed.empty());
}

}  // namespace
