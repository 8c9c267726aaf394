// The one move of a connection from the loop that accepted it to its owner's: nothing is lost on the way.
#include "unit/net/loopback.h"

namespace {

using namespace loopback;

/// A second loop with the handler of what arrives there.
struct Owner {
  ~Owner() {
    thread.run([this] { peer.transport.reset(); });
  }
  /// On the first loop.
  void fetch(Peer& from) {
    from.transport->move_to(thread.loop, [this](std::unique_ptr<net::Transport> transport) {
      peer.transport = std::move(transport);
      peer.transport->start(peer);
    });
  }
  LoopThread thread;
  Peer peer;
};

/// Takes "auth" only, then asks for the move in a later step.
Peer::Take take_auth(Owner& owner, Server*& server) {
  return [&owner, &server](Peer& peer, std::string_view) {
    peer.transport->pause();
    peer.transport->send("success");
    server->home.loop.post([&owner, &peer] { owner.fetch(peer); });
    return std::size_t{4};
  };
}

void moves_with_everything(bool with_tls) {
  Owner owner;
  owner.peer.take = echo;
  Server* here = nullptr;
  Server server([&, store = certificates()](Peer& peer) {
    peer.take = take_auth(owner, here);
    if (with_tls) peer.transport->start_tls(store, "example.org");
  });
  here = &server;
  Client romeo(server.port());
  if (with_tls) {
    ASSERT_TRUE(romeo.tls());
  }
  const std::string rest = pattern(60'000);  // more than one record and one read: all kinds of unread bytes
  romeo.send("auth" + rest);
  EXPECT_EQ(romeo.receive(7 + rest.size()), "success" + rest);
  romeo.send("more");
  EXPECT_EQ(romeo.receive(4), "more");
  EXPECT_TRUE(owner.thread.run([&] { return owner.peer.transport->peer(); }).starts_with("127.0.0.1:"));
  romeo.end_output();
  EXPECT_EQ(owner.peer.closed.get(), "");
}

TEST(Move, PlainWithUnreadBytes) { moves_with_everything(false); }
TEST(Move, TlsWithUnreadBytes) { moves_with_everything(true); }

TEST(Move, UnsentOutputGoesAlong) {
  const std::string all = pattern(3 << 20);
  Owner owner;
  Server server({});
  Client romeo(server.port(), AF_INET, 16 * 1024);
  Peer& peer = *server.accepted.get();
  server.home.run([&] { peer.transport->send(std::string_view(all).substr(0, 2 << 20)); });
  server.home.run([&] {  // a later turn: the kernel has some of it
    peer.transport->send(std::string_view(all).substr(2 << 20));
    owner.fetch(peer);
  });
  EXPECT_EQ(romeo.receive(all.size()), all);
  while (owner.thread.run([&] { return owner.peer.drains; }) == 0) {
  }
}

TEST(Move, HandshakeDeadlineGoesAlong) {
  Owner owner;
  Server server([&, store = certificates()](Peer& peer) { peer.transport->start_tls(store, "example.org"); },
                {.handshake = 50ms});
  Client romeo(server.port());
  romeo.send(std::string_view("\x16\x03\x01", 3));
  Peer& peer = *server.accepted.get();
  server.home.run([&] { owner.fetch(peer); });
  EXPECT_EQ(owner.peer.closed.get(), "the TLS handshake took too long");
  EXPECT_TRUE(peer.closed.empty());
}

TEST(Move, HandshakeGoesOnAfterwards) {
  Owner owner;
  owner.peer.take = echo;
  Server server([&, store = certificates()](Peer& peer) { peer.transport->start_tls(store, "example.org"); });
  Client romeo(server.port());
  Peer& peer = *server.accepted.get();
  server.home.run([&] { owner.fetch(peer); });
  ASSERT_TRUE(romeo.tls());
  romeo.send("hark");
  EXPECT_EQ(romeo.receive(4), "hark");
}

TEST(Move, EndOnTheWayIsToldWhereItArrives) {
  Owner owner;
  Server server({}, {.queue = 10});
  Client romeo(server.port());
  Peer& peer = *server.accepted.get();
  server.home.run([&] {
    peer.transport->send("more than ten bytes");
    owner.fetch(peer);
  });
  EXPECT_EQ(owner.peer.closed.get(), "the queue to the peer overflowed");
  EXPECT_TRUE(peer.closed.empty());
}

}  // namespace
