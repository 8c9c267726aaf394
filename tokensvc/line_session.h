// One connection that speaks the line protocol, whoever opened it: bytes in, replies out in request order, each not
// before its audit row is durable.
#pragma once

#include <cstddef>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/function.h"
#include "net/transport.h"
#include "tokensvc/line.h"
#include "tokensvc/office.h"
#include "tokensvc/outbox.h"

namespace tokensvc {

/// Says whose a connection is, where the entrance doesn't. Outlives the sessions that ask it.
class Doorkeeper {
 public:
  virtual ~Doorkeeper() = default;
  /// After a TLS handshake, by the client's certificate: the caller, or nothing if it has to show a secret.
  virtual std::optional<std::string> by_certificate(const net::Transport& connection) = 0;
  /// By the member `auth` of a frame.
  virtual std::expected<std::string, Refusal> by_secret(const net::Transport& connection, std::string_view secret) = 0;
};

/// Starts the transport when it is made; the office's thread only. Ends with `closed`, called once and last, never from
/// within the constructor; it may destroy the session. Destroying it earlier drops the connection without that call.
class LineSession final : private net::TransportHandler {
 public:
  /// Beyond, what comes is not read: replies that wait for their row, for the pace and for the peer.
  static constexpr std::size_t kMostUnsent = 256 * 1024;
  static constexpr base::Duration kAuthentication = std::chrono::seconds(10);

  using Closed = base::Fn<void(const base::Error&)>;

  /// Every request is `caller`'s. With a pace, that time at least lies between two writes, each of one reply. The
  /// outbox is one left by an earlier session, whose replies go first, or null for a new one.
  LineSession(Office& office, std::string caller, std::unique_ptr<net::Transport> transport,
              std::optional<base::Duration> pace, Closed closed, std::shared_ptr<Outbox> outbox = nullptr);
  /// Whose requests they are is shown by a certificate or in the first frame, within kAuthentication.
  LineSession(Office& office, Doorkeeper& doorkeeper, std::unique_ptr<net::Transport> transport, Closed closed);
  ~LineSession() override;

  /// Empty until it is known.
  const std::string& caller() const { return caller_; }
  net::Transport& transport() { return *transport_; }
  /// Reads no more, writes what it owes and ends the connection.
  void close();

 private:
  std::size_t on_bytes(std::span<const std::byte> bytes) override;
  void on_tls() override;
  void on_drained() override;
  void on_closed(const base::Error& why) override;

  void begin(std::string caller);
  void admit(std::string_view& input);
  void answer(std::string_view& input);
  void refuse(const Refusal& refusal, std::string_view frame);
  void owe(Line::Answer answer, Instant now);
  bool full() const { return outbox_->bytes() >= kMostUnsent; }
  void write();
  void keep_pace();
  void go_on();
  void forget_heard();

  Office& office_;
  Doorkeeper* doorkeeper_ = nullptr;  ///< while the caller is not known
  std::string caller_;
  std::optional<base::Duration> pace_;
  Closed closed_;
  std::shared_ptr<Outbox> outbox_;  ///< shared with the audit's answers and with the next session to the same game
  Frames first_;                    ///< what comes before the caller is known
  Line line_;
  base::Timer deadline_, next_write_, doubt_;
  bool last_ = false;  ///< nothing is read any more: what is owed goes out, and then it ends
  bool paused_ = false;
  bool waiting_ = false;  ///< for the pace
  std::unique_ptr<net::Transport> transport_;
};

}  // namespace tokensvc
