// The ends of a connection's life, and the face over its core.
#include "net/tcp_transport.h"

#include <linux/sockios.h>
#include <sys/ioctl.h>

#include <cerrno>
#include <cstring>

#include "base/check.h"
#include "net/tcp_core.h"

namespace net {

TcpTransport::Core::Core(AsioLoop& loop, State state) : loop_(loop), s_(std::move(state)) {
  if (s_.ended) dead_ = true;
}

TcpTransport::Core::~Core() { base::check(dead_, "the socket was dropped"); }

void TcpTransport::Core::start(TransportHandler& handler) {
  handler_ = &handler;
  if (s_.ended) {
    loop_.post([self = shared_from_this(), why = *s_.ended] {
      if (self->handler_ != nullptr) std::exchange(self->handler_, nullptr)->on_closed(why);
    });
    return;
  }
  if (!loop_.ready_set().add(s_.socket.get(), *this))
    return abort(std::string("waiting for the socket: ") + std::strerror(errno));
  watch_handshake();
  shake_hands_first();
  if (holds()) resume();
  schedule_flush();
}

/// The client's side of TLS has the first word; the server's finds that there is nothing yet.
void TcpTransport::Core::shake_hands_first() {
  if (s_.tls == nullptr || s_.tls->open()) return;
  loop_.post([self = shared_from_this()] {
    if (!self->deaf() && !self->s_.tls->open()) self->feed_tls({});
  });
}

void TcpTransport::Core::start_tls(base::Ref<certs::Store> certificates, std::string_view host) {
  if (may_start_tls()) begin_tls(std::make_unique<TlsEngine>(std::move(certificates), host));
}

void TcpTransport::Core::start_tls_client(const TlsCall& call) {
  if (!may_start_tls()) return;
  begin_tls(std::make_unique<TlsEngine>(call));
  shake_hands_first();
}

bool TcpTransport::Core::may_start_tls() {
  if (dead_) return false;
  base::check(s_.tls == nullptr, "TLS is started once");
  if (s_.held == nullptr || s_.held->bytes.empty()) return true;
  abort("plaintext behind starttls");
  return false;
}

void TcpTransport::Core::begin_tls(std::unique_ptr<TlsEngine> engine) {
  s_.out += std::exchange(s_.plain, {});
  s_.tls = std::move(engine);
  s_.handshake_by = loop_.now() + s_.limits.handshake;
  watch_handshake();
  schedule_flush();
}

void TcpTransport::Core::watch_handshake() {
  if (!s_.handshake_by || closing_) return;
  deadline_ =
      base::Timer(loop_, *s_.handshake_by - loop_.now(), [this] { finish({"the TLS handshake took too long"}); });
}

void TcpTransport::Core::close() {
  if (dead_ || closing_) return;
  closing_ = true;
  deadline_ = base::Timer(loop_, s_.limits.close, [this] { finish({}); });
  schedule_flush();
}

void TcpTransport::Core::abort(std::string_view why) {
  if (dead_) return;
  drop_socket();
  s_.ended = std::make_unique<base::Error>(std::string(why));
  loop_.post([self = shared_from_this()] {
    if (self->handler_ != nullptr) std::exchange(self->handler_, nullptr)->on_closed(*self->s_.ended);
  });
}

void TcpTransport::Core::finish(base::Error why) {
  if (dead_) return;
  const auto self = shared_from_this();  // the handler may destroy the transport
  drop_socket();
  if (closing_) why = {};  // a reset after the streams ended in order loses nothing
  s_.ended = std::make_unique<base::Error>(why);
  if (handler_ != nullptr) std::exchange(handler_, nullptr)->on_closed(why);
}

void TcpTransport::Core::drop_socket() {
  if (!dead_) unacknowledged_ = queued() + in_kernel();
  dead_ = true;
  deadline_.cancel();
  if (s_.socket.get() >= 0) loop_.ready_set().remove(s_.socket.get(), *this);
  s_.socket = Fd();
}

/// What our kernel keeps until the peer's has it. Of a connection that was reset it still tells.
std::size_t TcpTransport::Core::in_kernel() const {
  int bytes = 0;
  if (s_.socket.get() < 0 || ioctl(s_.socket.get(), SIOCOUTQ, &bytes) != 0 || bytes <= 0) return 0;
  return static_cast<std::size_t>(bytes) - (half_closed_ ? 1 : 0);  // the end of the stream counts as a byte
}

void TcpTransport::Core::leave() {
  handler_ = nullptr;
  drop_socket();
}

TcpTransport::State TcpTransport::Core::detach() {
  base::check(!delivering_, "a transport does not move within on_bytes");
  if (closing_ && !dead_) s_.ended = std::make_unique<base::Error>();  // the peer has ended it
  if (!s_.ended) {
    s_.out.erase(0, out_sent_);
    loop_.ready_set().remove(s_.socket.get(), *this);
  }
  out_sent_ = 0;
  State state = std::exchange(s_, State());
  leave();
  return state;
}

TcpTransport::TcpTransport(AsioLoop& loop, Fd socket, std::string peer, TcpLimits limits)
    : TcpTransport(loop, State{.socket = std::move(socket), .peer = std::move(peer), .limits = limits}) {}
TcpTransport::TcpTransport(AsioLoop& loop, State state) : core_(std::make_shared<Core>(loop, std::move(state))) {}
TcpTransport::~TcpTransport() { core_->leave(); }

std::unique_ptr<TcpTransport> TcpTransport::with_tls(AsioLoop& loop, Fd socket, std::string peer,
                                                     std::unique_ptr<TlsEngine> client, TcpLimits limits) {
  State state{.socket = std::move(socket), .peer = std::move(peer), .limits = limits};
  state.tls = std::move(client);
  state.handshake_by = loop.now() + limits.handshake;
  return std::unique_ptr<TcpTransport>(new TcpTransport(loop, std::move(state)));
}

Fd TcpTransport::take_socket(std::unique_ptr<Transport> transport) {
  auto* tcp = dynamic_cast<TcpTransport*>(transport.get());
  if (tcp == nullptr || !tcp->core_->is_bare()) return Fd();
  return std::move(tcp->core_->detach().socket);
}

void TcpTransport::start(TransportHandler& handler) { core_->start(handler); }
void TcpTransport::send(std::string_view bytes) { core_->send(bytes); }
std::size_t TcpTransport::unacknowledged_bytes() const { return core_->unacknowledged(); }
std::size_t TcpTransport::queued_bytes() const { return core_->queued(); }
bool TcpTransport::peer_ended() const { return core_->peer_ended(); }
void TcpTransport::pause() { core_->pause(); }
void TcpTransport::resume() { core_->resume(); }
void TcpTransport::start_tls(base::Ref<certs::Store> certificates, std::string_view host) {
  core_->start_tls(std::move(certificates), host);
}
void TcpTransport::start_tls_client(TlsCall call) { core_->start_tls_client(call); }
const TlsEngine* TcpTransport::tls() const { return core_->state().tls.get(); }
void TcpTransport::close() { core_->close(); }
void TcpTransport::abort(std::string_view why) { core_->abort(why); }
const std::string& TcpTransport::peer() const { return core_->state().peer; }

void TcpTransport::move_to(base::Loop& target, base::Fn<void(std::unique_ptr<Transport>)> arrived) {
  auto* loop = dynamic_cast<AsioLoop*>(&target);
  base::check(loop != nullptr, "a TCP transport moves between Asio loops");
  loop->post([loop, state = core_->detach(), arrived = std::move(arrived)]() mutable {
    arrived(std::unique_ptr<Transport>(new TcpTransport(*loop, std::move(state))));
  });
}

}  // namespace net
