// Internal to tcp_*.cpp: one TCP connection with its queues. Shared with what it has posted.
#pragma once

#include <optional>

#include "net/ready_set.h"
#include "net/tcp_transport.h"
#include "net/tls.h"

namespace net {

/// What a connection is, apart from the loop it lives on.
struct TcpTransport::State {
  /// What came and was not taken.
  struct Held {
    std::string input;  ///< ciphertext not decrypted because reading was paused
    std::string bytes;  ///< plaintext the handler did not take
  };

  Fd socket;
  bool undrained = false;  ///< something was sent since the last on_drained
  std::string peer;
  TcpLimits limits;
  std::string plain;  ///< sent in this turn, or waiting for the handshake
  std::string out;    ///< bytes for the socket
  std::unique_ptr<TlsEngine> tls;
  std::unique_ptr<Held> held;  ///< null: nothing
  std::optional<base::MonoTime> handshake_by;
  std::unique_ptr<base::Error> ended;  ///< what on_closed has still to be told
};

class TcpTransport::Core final : public std::enable_shared_from_this<Core>, private ReadySet::Source {
 public:
  Core(AsioLoop& loop, State state);
  ~Core();

  void start(TransportHandler& handler);
  void send(std::string_view bytes);
  void pause();
  void resume();
  void start_tls(base::Ref<certs::Store> certificates, std::string_view host);
  void start_tls_client(const TlsCall& call);
  void close();
  void abort(std::string_view why);
  /// No more calls to the handler.
  void leave();
  State detach();

  std::size_t unacknowledged() const { return dead_ ? unacknowledged_ : queued() + in_kernel(); }
  std::size_t queued() const { return s_.plain.size() + s_.out.size() - out_sent_; }
  const State& state() const { return s_; }
  bool peer_ended() const { return dead_ || peer_ended_ || last_words_; }
  /// A socket and nothing else.
  bool is_bare() const { return !dead_ && !closing_ && s_.tls == nullptr && !holds() && queued() == 0; }

 private:
  // tcp_input.cpp
  void on_ready(std::uint32_t events) override;
  void go_on_reading();
  void read();
  void on_end();
  void take(std::span<const std::byte> bytes);
  void feed_tls(std::span<const std::byte> bytes);
  TlsEngine::Status shake_hands();
  void deliver(std::span<const std::byte> bytes);
  TcpTransport::State::Held& held();
  void take_held();
  // tcp_output.cpp
  void schedule_flush();
  void flush();
  bool encrypt();
  void write_out();
  void go_on_writing();
  void compact_out();
  void lose(base::Error why);
  void end_output();
  void tell_drained();
  // tcp_transport.cpp
  bool may_start_tls();
  void begin_tls(std::unique_ptr<TlsEngine> engine);
  void watch_handshake();
  void finish(base::Error why);
  void drop_socket();
  std::size_t in_kernel() const;
  void shake_hands_first();
  bool holds() const { return s_.held != nullptr; }
  bool deaf() const { return dead_ || handler_ == nullptr; }

  AsioLoop& loop_;
  State s_;
  TransportHandler* handler_ = nullptr;
  base::Timer deadline_;
  std::unique_ptr<base::Error> lost_;  ///< why nothing leaves any more, while what came before is read
  std::size_t out_sent_ = 0;           ///< the front of out that left already
  std::size_t unacknowledged_ = 0;     ///< when the socket was dropped
  bool readable_ = false;              ///< the socket may have more
  bool last_words_ = false;            ///< the peer will send no more than it has
  bool reading_ = false, writing_ = false, flushing_ = false, paused_ = false, delivering_ = false, resumed_ = false;
  bool closing_ = false, half_closed_ = false, peer_ended_ = false, dead_ = false;
};

}  // namespace net
