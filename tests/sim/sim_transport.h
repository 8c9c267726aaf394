// A connection without a socket: the server's end is a net::Transport on a simulated shard, the client's end is the
// test's. Every byte passes in order; who stops reading, ends or vanishes, and at which byte, is the test's choice.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "net/transport.h"
#include "sim/sim_loop.h"

namespace sim {

inline constexpr std::size_t kNever = std::numeric_limits<std::size_t>::max();

/// What a simulated connection is like. The limits are those of net::TcpLimits.
struct LinkOptions {
  std::string peer = "192.0.2.1:40000";
  std::size_t chunk = kNever;       ///< most bytes of one TransportHandler::on_bytes
  std::size_t kernel = 256 * 1024;  ///< bytes on the way to a client that does not read
  std::size_t queue = 4 * 1024 * 1024;
  base::Duration close = std::chrono::seconds(5);
  std::size_t cut_to_server = kNever;  ///< the connection breaks when this many bytes have reached the server
  std::size_t cut_to_client = kNever;  ///< likewise to the client
};

/// The client's end. Dropping it cuts the connection.
class Peer {
 public:
  struct Wire;
  explicit Peer(std::shared_ptr<Wire> wire);
  Peer(Peer&&) noexcept = default;
  Peer& operator=(Peer&&) noexcept = default;
  ~Peer();

  /// Bytes to the server, handed over in later steps of its loop.
  void send(std::string_view bytes);
  /// The end of our stream; what the server sends still arrives.
  void end();
  /// Both directions break and the server notices.
  void cut();
  /// Both directions break and nobody notices: bytes vanish.
  void vanish();

  /// What arrived since the last take(). Frees the kernel's buffer, so it is also reading.
  std::string take();
  /// What arrived and was not taken.
  const std::string& peek() const;
  /// While false, arriving bytes stay on the server's side once the kernel's buffer is full. True at first.
  void read(bool on);
  /// `job` runs in a later step of the server's loop whenever bytes arrived or the server ended the stream.
  void on_arrival(base::Fn<void()> job);

  /// The server ended its stream, or dropped the connection.
  bool ended() const;
  /// Nothing more will pass in either direction.
  bool closed() const;
  /// The server called start_tls() (there are no records in here; on_tls() follows in the next step).
  bool tls() const;
  /// The server holds bytes back: it is paused.
  bool unread() const;
  std::size_t bytes_to_server() const;
  std::size_t bytes_to_client() const;

 private:
  std::shared_ptr<Wire> wire_;  ///< shared because the server's end may outlive us or go first
};

/// A new connection whose server's end lives on `loop`; not yet started.
std::pair<std::unique_ptr<net::Transport>, Peer> make_link(SimLoop& loop, const LinkOptions& options = {});

}  // namespace sim
