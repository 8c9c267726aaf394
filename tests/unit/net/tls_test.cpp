// TLS on a connection: the versions and names taken, what is refused (SECURITY T01 to T03), and partial reading.
#include "unit/net/loopback.h"

namespace {

using namespace loopback;

Server::Setup direct_tls(const base::Ref<certs::Store>& store, Peer::Take take = echo) {
  return [store, take](Peer& peer) {
    peer.take = take;
    peer.transport->start_tls(store, "example.org");
  };
}

void only(SSL& ssl, int version) {
  SSL_set_min_proto_version(&ssl, version);
  SSL_set_max_proto_version(&ssl, version);
}

TEST(Tls, EchoesUnderBothVersions) {
  const auto store = certificates();
  for (const auto& [version, name] : {std::pair{TLS1_2_VERSION, "TLSv1.2"}, {TLS1_3_VERSION, "TLSv1.3"}}) {
    Server server(direct_tls(store));
    Client romeo(server.port());
    ASSERT_TRUE(romeo.tls([&](SSL& ssl) { only(ssl, version); }));
    romeo.send("hark");
    EXPECT_EQ(romeo.receive(4), "hark");
    Peer& peer = *server.accepted.get();
    EXPECT_EQ(peer.opened.get(), name);
    unsigned char theirs[32];
    ASSERT_EQ(
        SSL_export_keying_material(&romeo.ssl(), theirs, sizeof theirs, "EXPORTER-Channel-Binding", 24, nullptr, 0, 1),
        1);
    const auto ours = server.home.run([&] { return peer.transport->tls()->exporter(); });
    EXPECT_EQ(ours, std::string(reinterpret_cast<char*>(theirs), sizeof theirs));
    SSL_shutdown(&romeo.ssl());
    EXPECT_EQ(romeo.receive(1), "");
    romeo.end_output();
    EXPECT_EQ(peer.closed.get(), "");
  }
}

TEST(Tls, LargeTransferWithBackPressure) {
  const std::string all = pattern(4 << 20);
  Server server([&, store = certificates()](Peer& peer) {
    peer.drained = [&, sent = std::size_t{0}](Peer& p) mutable {
      for (; sent < all.size() && p.transport->queued_bytes() < 256 * 1024; sent += 50'000)
        p.transport->send(std::string_view(all).substr(sent, 50'000));
    };
    peer.take = [](Peer& p, std::string_view text) {
      p.drained(p);
      return text.size();
    };
    peer.transport->start_tls(store, "example.org");
  });
  Client romeo(server.port(), AF_INET, 16 * 1024);
  ASSERT_TRUE(romeo.tls());
  romeo.send("go");
  EXPECT_EQ(romeo.receive(all.size()), all);
}

TEST(Tls, HandlerTakesALittleAtATime) {
  const std::string all = pattern(100'000);
  Awaited<bool> whole;
  Server server(direct_tls(certificates(), [&](Peer& peer, std::string_view text) {
    peer.transport->pause();
    server.home.loop.post([&peer] { peer.transport->resume(); });
    const std::size_t taken = std::min<std::size_t>(text.size(), 777);
    if (peer.received.size() + taken == all.size()) whole.put(true);
    return taken;
  }));
  Client romeo(server.port());
  ASSERT_TRUE(romeo.tls());
  romeo.send(all);
  EXPECT_TRUE(whole.get());
  Peer& peer = *server.accepted.get();
  EXPECT_TRUE(server.home.run([&] { return peer.received == all; }));
}

/// Starts TLS at "<starttls/>" as XMPP does.
Server::Setup starttls(const base::Ref<certs::Store>& store) {
  return [store](Peer& peer) {
    peer.take = [store](Peer& p, std::string_view text) {
      if (p.transport->tls() != nullptr) return echo(p, text);
      p.transport->send("<proceed/>");
      p.transport->start_tls(store, "example.org");
      return std::string_view("<starttls/>").size();
    };
  };
}

TEST(Tls, StartsBehindPlaintext) {
  Server server(starttls(certificates()));
  Client romeo(server.port());
  romeo.send("<starttls/>");
  EXPECT_EQ(romeo.receive(10), "<proceed/>");
  ASSERT_TRUE(romeo.tls());
  romeo.send("hark");
  EXPECT_EQ(romeo.receive(4), "hark");
}

TEST(Tls, T01PlaintextBehindStarttlsCloses) {
  Server server(starttls(certificates()));
  Client romeo(server.port());
  romeo.send("<starttls/><auth/>");
  Peer& peer = *server.accepted.get();
  EXPECT_EQ(peer.closed.get(), "plaintext behind starttls");
  EXPECT_EQ(server.home.run([&] { return peer.received; }), "<starttls/>");
  EXPECT_EQ(romeo.receive(100), "");
}

TEST(Tls, T01HeldPlaintextBehindStarttlsCloses) {
  Server server([](Peer& peer) { peer.take = [](Peer&, std::string_view) { return std::size_t{11}; }; });
  Client romeo(server.port());
  romeo.send("<starttls/><auth/>");
  Peer& peer = *server.accepted.get();
  while (server.home.run([&] { return peer.received.empty(); })) {
  }
  server.home.run([&] { peer.transport->start_tls(certificates(), "example.org"); });
  EXPECT_EQ(peer.closed.get(), "plaintext behind starttls");
}

TEST(Tls, T02OldVersionsAndGarbageAreRefused) {
  const auto store = certificates();
  for (const int version : {TLS1_VERSION, TLS1_1_VERSION}) {
    Server server(direct_tls(store));
    Client romeo(server.port());
    EXPECT_FALSE(romeo.tls([&](SSL& ssl) {
      SSL_set_security_level(&ssl, 0);
      SSL_set_cipher_list(&ssl, "ALL:@SECLEVEL=0");
      only(ssl, version);
    }));
    EXPECT_TRUE(server.accepted.get()->closed.get().starts_with("TLS: "));
  }
  for (const std::string& garbage : {std::string("GET / HTTP/1.1\r\n\r\n"), std::string(20'000, '\x16'),
                                     std::string("<?xml version='1.0'?>"), std::string(300, '\0')}) {
    Server server(direct_tls(store));
    Client romeo(server.port());
    romeo.send(garbage);
    EXPECT_TRUE(server.accepted.get()->closed.get().starts_with("TLS: ")) << garbage.substr(0, 20);
  }
}

TEST(Tls, T02RenegotiationIsRefused) {
  Server server(direct_tls(certificates()));
  Client romeo(server.port());
  ASSERT_TRUE(romeo.tls([](SSL& ssl) { only(ssl, TLS1_2_VERSION); }));
  SSL_renegotiate(&romeo.ssl());
  EXPECT_NE(SSL_do_handshake(&romeo.ssl()), 1);
}

TEST(Tls, T03StalledHandshakeIsCut) {
  Server server(direct_tls(certificates()), {.handshake = 30ms});
  Client romeo(server.port());
  romeo.send(std::string_view("\x16\x03\x01", 3));  // the first bytes of a hello, then silence
  EXPECT_EQ(server.accepted.get()->closed.get(), "the TLS handshake took too long");
  EXPECT_EQ(romeo.receive(1), "");
}

TEST(Tls, NameAndProtocolAreChosen) {
  const auto store = certificates({"example.org", "chat.example.net"});
  struct Case {
    const char *asked, *served;
  };
  for (const Case& c : {Case{"chat.example.net", "chat.example.net"},
                        {"example.org", "example.org"},
                        {"unknown.example", "example.org"},
                        {nullptr, "example.org"}}) {
    Server server(direct_tls(store));
    Client romeo(server.port());
    ASSERT_TRUE(romeo.tls([&](SSL& ssl) {
      if (c.asked != nullptr) SSL_set_tlsext_host_name(&ssl, c.asked);
      SSL_set_alpn_protos(&ssl, reinterpret_cast<const unsigned char*>("\x02h2\x0bxmpp-client"), 15);
    }));
    const certs::CertPtr served(SSL_get1_peer_certificate(&romeo.ssl()));
    EXPECT_TRUE(certs::names_host(*served, c.served)) << c.served;
    Peer& peer = *server.accepted.get();
    peer.opened.get();
    EXPECT_EQ(server.home.run([&] { return peer.transport->tls()->alpn(); }), "xmpp-client");
    EXPECT_EQ(server.home.run([&] { return peer.transport->tls()->server_name(); }), c.asked != nullptr ? c.asked : "");
  }
  Server server(direct_tls(store));
  Client web(server.port());
  EXPECT_FALSE(
      web.tls([](SSL& ssl) { SSL_set_alpn_protos(&ssl, reinterpret_cast<const unsigned char*>("\x02h2"), 3); }));
}

TEST(Tls, ResetBehindCloseNotifyIsAnOrderlyEnd) {
  Server server(direct_tls(certificates()));
  Client romeo(server.port());
  ASSERT_TRUE(romeo.tls());
  SSL_shutdown(&romeo.ssl());
  romeo.reset();
  EXPECT_EQ(server.accepted.get()->closed.get(), "");
}

TEST(Tls, ResetWithoutCloseNotifyIsAnError) {
  Server server(direct_tls(certificates()));
  Client romeo(server.port());
  ASSERT_TRUE(romeo.tls());
  romeo.send("x");
  EXPECT_EQ(romeo.receive(1), "x");
  romeo.reset();
  EXPECT_EQ(server.accepted.get()->closed.get(), "receiving: Connection reset by peer");
}

}  // namespace
