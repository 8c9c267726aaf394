// SECURITY T02, T03, T05: handshakes by those who mean no good.
#include <malloc.h>
#include <openssl/x509v3.h>
#include <poll.h>

#include <chrono>

#include "unit/net/loopback.h"
#include "unit/net/odd_certificates.h"

namespace {

using namespace loopback;

Server::Setup direct_tls(const base::Ref<certs::Store>& store) {
  return [store](Peer& peer) {
    peer.take = echo;
    peer.transport->start_tls(store, "example.org");
  };
}

TEST(TlsHostile, T02WhoRenegotiatesIsCutOff) {
  Server server(direct_tls(certificates()));
  Client romeo(server.port());
  ASSERT_TRUE(romeo.tls([](SSL& ssl) { SSL_set_max_proto_version(&ssl, TLS1_2_VERSION); }));
  romeo.send("x");
  EXPECT_EQ(romeo.receive(1), "x");
  SSL_renegotiate(&romeo.ssl());
  EXPECT_NE(SSL_do_handshake(&romeo.ssl()), 1);
  EXPECT_TRUE(server.accepted.get()->closed.get().starts_with("TLS: "));
}

/// The records of a whole ClientHello, as a client would send them.
std::string client_hello() {
  const certs::CtxPtr ctx(SSL_CTX_new(TLS_client_method()));
  const certs::SslPtr ssl(SSL_new(ctx.get()));
  SSL_set_bio(ssl.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
  SSL_connect(ssl.get());
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(SSL_get_wbio(ssl.get()), &bytes);
  return {bytes, static_cast<std::size_t>(size)};
}

// One byte every hundredth of the deadline: the bytes do not put it off.
TEST(TlsHostile, T03AByteNowAndThenDoesNotPutTheDeadlineOff) {
  constexpr auto deadline = 300ms;
  const std::string hello = client_hello();
  ASSERT_GT(hello.size(), 150U);
  Server server(direct_tls(certificates()), {.handshake = deadline});
  const auto began = std::chrono::steady_clock::now();
  Client slow(server.port());
  bool closed = false;
  for (std::size_t sent = 0; !closed && sent < hello.size() - 1; ++sent) {
    slow.send(hello.substr(sent, 1));
    pollfd end{.fd = slow.fd(), .events = POLLIN, .revents = 0};
    closed = poll(&end, 1, 3) == 1;
  }
  EXPECT_EQ(server.accepted.get()->closed.get(), "the TLS handshake took too long");
  EXPECT_GE(std::chrono::steady_clock::now() - began, deadline);
}

/// A ClientHello that says it is so long, in as many records as that takes; its last byte is missing.
std::string unfinished_hello(std::size_t size) {
  std::string message("\x01", 1);
  for (const int shift : {16, 8, 0}) message += static_cast<char>((size >> shift) & 0xff);
  message.append("\x03\x03").append(size - 3, 'r');
  std::string bytes;
  for (std::size_t at = 0; at < message.size(); at += 15'000) {
    const std::string piece = message.substr(at, 15'000);
    bytes.append("\x16\x03\x01", 3);
    bytes += static_cast<char>(piece.size() >> 8);
    bytes += static_cast<char>(piece.size() & 0xff);
    bytes += piece;
  }
  return bytes;
}

std::size_t memory() {
  const auto info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

/// What a session holds that was fed with this much of a hello of `claimed` bytes, `piece` bytes at a time.
std::size_t held_after(std::size_t size, std::size_t piece, std::size_t claimed = 131'000) {
  const auto store = certificates();
  const std::string bytes = unfinished_hello(claimed);
  const auto before = memory();
  net::TlsEngine engine(store, "example.org");
  for (std::size_t at = 0; at < size; at += piece) {
    engine.give(std::as_bytes(std::span(bytes).subspan(at, piece)));
    if (engine.handshake() == net::TlsEngine::Status::failed) break;
  }
  return memory() - before;
}

TEST(TlsHostile, T03HoldsNoMoreThanSixteenKilobytes) {
  held_after(1000, 1000, 15'000);  // what is made once
  const std::size_t honest = held_after(1000, 1000, 15'000);
  for (const std::size_t size : {10'000, 16'000, 40'000, 130'000})
    for (const std::size_t piece : {1000, 100, 3})
      EXPECT_LT(held_after(size, piece), honest + 24'000) << size;  // with OpenSSL's own overhead
}

TEST(TlsHostile, T03AHelloTooLongIsRefusedAtOnce) {
  Server server(direct_tls(certificates()), {.handshake = 20s});
  Client romeo(server.port());
  romeo.send(unfinished_hello(40'000));
  EXPECT_EQ(server.accepted.get()->closed.get(), "TLS: the handshake is too long");
}

// Client certificates are not asked for, so that none is ever read; whoever has one is a client like any other.
TEST(TlsHostile, T05OddClientCertificatesChangeNothing) {
  const auto store = certificates();
  for (const OddCertificate& odd : odd_certificates()) {
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
      SCOPED_TRACE(odd.what);
      Server server(direct_tls(store));
      Client romeo(server.port());
      ASSERT_TRUE(romeo.tls([&](SSL& ssl) {
        SSL_set_max_proto_version(&ssl, version);
        present(ssl, odd);
      }));
      romeo.send("hark");
      EXPECT_EQ(romeo.receive(4), "hark");
    }
  }
}

// What would be read of them says no, should it ever be asked.
TEST(TlsHostile, T05OddNamesNameNobody) {
  for (const OddCertificate& odd : odd_certificates())
    EXPECT_EQ(certs::names_host(*odd.certificate, "example.org"), odd.names_us) << odd.what;
}

}  // namespace
