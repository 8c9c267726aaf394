// TLS without a socket: "ciphertext in, plaintext out". Reads from bytes the caller lends, appends records to a
// string, so that an idle session holds no buffer (LIMITS section 2) and tests need no network.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/ref.h"
#include "base/result.h"
#include "certs/judge.h"
#include "certs/store.h"
#include "net/tls_client.h"

namespace net {

/// The largest plaintext of one record.
constexpr std::size_t tls_record = 16 * 1024;
/// What a client may send before its handshake is over; it takes one or two thousand bytes. OpenSSL alone would keep
/// a ClientHello of 128 kB.
constexpr std::size_t most_tls_handshake = 16 * 1024;

/// One side of one session. One thread at a time; neither copied nor moved (OpenSSL points at it).
class TlsEngine {
 public:
  enum class Status : std::uint8_t { done, want_input, closed, failed };

  /// `host` names the certificate for a client that sends no SNI.
  TlsEngine(base::Ref<certs::Store> store, std::string_view host);
  /// The client's side.
  explicit TlsEngine(const TlsCall& call);
  TlsEngine(const TlsEngine&) = delete;
  TlsEngine& operator=(const TlsEngine&) = delete;
  ~TlsEngine();

  /// Lends ciphertext; it must stay until handshake() or read() said want_input, by when all of it is taken.
  void give(std::span<const std::byte> ciphertext) { input_ = ciphertext; }
  std::span<const std::byte> input() const { return input_; }

  Status handshake();
  bool open() const { return open_; }
  /// Decrypts up to one record into `into`; `got` is its size when done.
  Status read(std::span<std::byte> into, std::size_t& got);
  /// Encrypts into as few records as fit; only when open().
  base::Result<void> write(std::string_view plaintext);
  /// How much longer than its plaintext the last record was that write() made.
  std::size_t overhead() const { return overhead_; }
  /// Appends close_notify, once.
  void close();

  /// Records (and alerts) to send; the caller takes them from here.
  std::string& output() { return output_; }
  /// Memory for what write() makes.
  void lend(std::string buffer) {
    if (output_.empty()) output_ = std::move(buffer);
  }
  /// Why a status was failed.
  const std::string& reason() const { return reason_; }

  /// tls-exporter channel binding (RFC 9266): 32 bytes; empty before open(), and in TLS 1.2 without extended master
  /// secret, where it would not be unique.
  std::string exporter() const;
  /// tls-server-end-point of the certificate this handshake used.
  std::string end_point_hash() const;
  /// The peer's certificate, which lives as long as this, and what its chain was found worth; where any client is
  /// taken (certs::Clients::asked) that is nothing. None before open().
  certs::Shown shown() const;
  /// All the certificates it sent, where it is the server. None before open().
  std::vector<certs::CertPtr> chain() const;
  /// certs::fingerprint of the peer's certificate; empty without one.
  std::string client_fingerprint() const;
  std::string server_name() const;  ///< SNI; empty if the client sent none
  std::string version() const;
  std::string cipher() const;
  std::string alpn() const;

 private:
  void begin();
  Status status_of(int result);
  Status fail(std::string reason);
  std::string why() const;
  bool hello_is_long();

  base::Ref<const base::RefCounted> keeps_;  ///< what the session's rules belong to
  std::span<const std::byte> input_;
  std::string output_;
  std::string reason_;
  std::array<std::uint8_t, 4> hello_{};  ///< how the peer's first message begins: kind and length
  std::size_t handshake_bytes_ = 0, overhead_ = 0;
  certs::SslPtr ssl_;
  bool open_ = false;
  bool ended_ = false;
};

}  // namespace net
