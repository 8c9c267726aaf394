// A byte stream to one peer as protocols see it: TCP in production, simulated links in tests.
// Everything here is called on the transport's own loop, and calls back there.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/loop.h"
#include "base/ref.h"
#include "base/result.h"
#include "certs/store.h"
#include "net/tls_client.h"

namespace net {

class TlsEngine;

class TransportHandler {
 public:
  virtual ~TransportHandler() = default;

  /// Bytes arrived; gives back how many it took. The rest is kept and offered again after resume(), so that taking
  /// less implies pause(); behind start_tls() the rest closes the transport (T01).
  virtual std::size_t on_bytes(std::span<const std::byte> bytes) = 0;
  /// The handshake is done.
  virtual void on_tls() {}
  /// A flush emptied the queue: the kernel has all that was sent. Never from within another call to the handler or
  /// to the transport, so that a handler which paused on queued_bytes() can wait for it.
  virtual void on_drained() {}
  /// The last call. `why.what` is empty after close() or when the peer ended the stream in order.
  virtual void on_closed(const base::Error& why) = 0;
};

class Transport {
 public:
  /// Drops the connection without a further call to the handler. May run inside one of its callbacks.
  virtual ~Transport() = default;

  /// Starts reading and calling `handler`, which outlives the transport.
  virtual void start(TransportHandler& handler) = 0;

  /// Queues; everything sent in one turn leaves as one write (and one TLS record up to 16 kB) at its end.
  /// Beyond the queue's bound the transport closes. Never calls back.
  virtual void send(std::string_view bytes) = 0;
  virtual std::size_t queued_bytes() const = 0;
  /// What was sent and the peer's system has not acknowledged, queued bytes included. Holds on after on_closed, so that
  /// it can be known what has to be said again. In bytes of TLS records where there are some.
  virtual std::size_t unacknowledged_bytes() const { return queued_bytes(); }

  /// Within on_bytes the later of both counts, also for the rest that the call did not take.
  virtual void pause() = 0;
  virtual void resume() = 0;

  /// What was sent before leaves in plain; then the server's handshake runs, bounded by a deadline. Plaintext that
  /// arrived already and was not taken closes the transport. Within on_bytes the judgement follows its return.
  virtual void start_tls(base::Ref<certs::Store> certificates, std::string_view host) = 0;
  /// The same as the client: our handshake begins at once behind what was sent before. A failed one closes.
  virtual void start_tls_client(TlsCall call) = 0;
  /// Null without TLS.
  virtual const TlsEngine* tls() const = 0;

  /// Sends what is queued, ends the stream and waits (bounded) for the peer to end it too; then on_closed.
  virtual void close() = 0;
  /// Drops the queue and the connection; on_closed follows in a later step.
  virtual void abort(std::string_view why) = 0;

  virtual const std::string& peer() const = 0;
  /// The peer has ended the stream, or is gone; also known while paused, before on_closed tells.
  virtual bool peer_ended() const { return false; }

  /// Lets go of this loop: the connection, with its TLS session, deadline and queue, arrives at `target` as a new
  /// transport not yet started. This one is dead afterwards and calls nothing. Not within on_bytes. A connection that
  /// was ending arrives too; there on_closed follows start().
  virtual void move_to(base::Loop& target, base::Fn<void(std::unique_ptr<Transport>)> arrived) = 0;
};

}  // namespace net
