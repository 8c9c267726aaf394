// Transport over a TCP socket on an AsioLoop.
#pragma once

#include "net/asio_loop.h"
#include "net/fd.h"
#include "net/transport.h"

namespace net {

/// When a peer that says nothing is asked whether it is there (TCP keep-alive). Clients that vanished are noticed
/// within four minutes.
struct KeepAlive {
  int idle_seconds = 150;
  int probe_seconds = 15;
  int probes = 6;
};

struct TcpLimits {
  std::size_t queue = 4 * 1024 * 1024;  ///< bytes waiting to leave; more cuts the connection
  base::Duration handshake = std::chrono::seconds(10);
  base::Duration close = std::chrono::seconds(5);
  KeepAlive keep_alive = {};  ///< of accepted connections
};

class TcpTransport : public Transport {
 public:
  /// Takes a connected, non-blocking socket. `loop`'s thread.
  TcpTransport(AsioLoop& loop, Fd socket, std::string peer, TcpLimits limits = {});
  ~TcpTransport() override;
  /// Over TLS from the first byte: `client` begins the handshake at start().
  static std::unique_ptr<TcpTransport> with_tls(AsioLoop& loop, Fd socket, std::string peer,
                                                std::unique_ptr<TlsEngine> client, TcpLimits limits = {});

  /// The socket of a transport, for somebody else to read and write; the transport is over and calls nothing. An empty
  /// one if that can't be: no TCP, TLS, something unsent or not taken, an end. Not within on_bytes.
  static Fd take_socket(std::unique_ptr<Transport> transport);

  void start(TransportHandler& handler) override;
  void send(std::string_view bytes) override;
  std::size_t queued_bytes() const override;
  std::size_t unacknowledged_bytes() const override;
  void pause() override;
  void resume() override;
  void start_tls(base::Ref<certs::Store> certificates, std::string_view host) override;
  void start_tls_client(TlsCall call) override;
  const TlsEngine* tls() const override;
  void close() override;
  void abort(std::string_view why) override;
  const std::string& peer() const override;
  bool peer_ended() const override;
  /// `target` must be an AsioLoop.
  void move_to(base::Loop& target, base::Fn<void(std::unique_ptr<Transport>)> arrived) override;

 private:
  class Core;
  struct State;
  TcpTransport(AsioLoop& loop, State state);
  std::shared_ptr<Core> core_;  ///< shared with the socket's pending waits, which outlive us by a step
};

}  // namespace net
