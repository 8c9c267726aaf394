#include "net/tcp_transport.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/check.h"
#include "net/asio.h"
#include "net/tls.h"

namespace net {

/// What a connection is, apart from the loop it lives on.
struct TcpTransport::State {
  Fd socket;
  std::string peer;
  TcpLimits limits;
  std::unique_ptr<TlsEngine> tls;
  std::string plain;       ///< sent in this turn, or waiting for the handshake
  std::string out;         ///< bytes for the socket
  std::string held_input;  ///< ciphertext not decrypted because reading was paused
  std::string held_bytes;  ///< plaintext the handler did not take
};

class TcpTransport::Core : public std::enable_shared_from_this<Core> {
 public:
  Core(AsioLoop& loop, State state)
      : loop_(loop), s_(std::move(state)), socket_(context_of(loop), boost::asio::ip::tcp::v4(), s_.socket.release()) {}

  void start(TransportHandler& handler);
  void send(std::string_view bytes);
  void resume();
  void start_tls(base::Ref<certs::Store> certificates, std::string_view host);
  void close();
  void abort(std::string_view why);
  void leave();
  State detach();

  void pause() { paused_ = true; }
  std::size_t queued() const { return s_.plain.size() + s_.out.size() - out_sent_; }
  const State& state() const { return s_; }

 private:
  void wait_read();
  void on_readable();
  void take(std::span<const std::byte> bytes);
  void feed_tls(std::span<const std::byte> bytes);
  void deliver(std::span<const std::byte> bytes);
  void schedule_flush();
  void flush();
  bool encrypt();
  void write_out();
  void wait_write();
  void finish(base::Error why);

  AsioLoop& loop_;
  State s_;
  boost::asio::ip::tcp::socket socket_;
  TransportHandler* handler_ = nullptr;
  base::Timer deadline_;
  std::size_t out_sent_ = 0;  ///< the front of out that left already
  bool reading_ = false, writing_ = false, flushing_ = false, paused_ = false, delivering_ = false;
  bool closing_ = false, half_closed_ = false, dead_ = false;
};

void TcpTransport::Core::start(TransportHandler& handler) {
  handler_ = &handler;
  if (!s_.held_bytes.empty() || !s_.held_input.empty()) resume();
  wait_read();
  schedule_flush();
}

void TcpTransport::Core::wait_read() {
  if (reading_ || dead_ || handler_ == nullptr || (paused_ && !closing_)) return;
  reading_ = true;
  socket_.async_wait(socket_.wait_read, [self = shared_from_this()](const boost::system::error_code& error) {
    self->reading_ = false;
    if (!error && !self->dead_) self->on_readable();
  });
}

void TcpTransport::Core::on_readable() {
  if (paused_ && !closing_) return;
  const auto buffer = loop_.read_buffer();
  const ssize_t got = recv(socket_.native_handle(), buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (got == 0) return finish({});
  if (got < 0 && errno != EAGAIN && errno != EINTR) return finish({std::string("receiving: ") + std::strerror(errno)});
  if (got > 0 && !closing_) take(buffer.first(static_cast<std::size_t>(got)));
  wait_read();
}

void TcpTransport::Core::take(std::span<const std::byte> bytes) {
  if (s_.tls != nullptr) {
    feed_tls(bytes);
  } else {
    deliver(bytes);
  }
}

void TcpTransport::Core::feed_tls(std::span<const std::byte> bytes) {
  TlsEngine& tls = *s_.tls;
  tls.give(bytes);
  auto status = TlsEngine::Status::done;
  if (!tls.open()) {
    status = tls.handshake();
    schedule_flush();
    if (status == TlsEngine::Status::done) {
      deadline_.cancel();
      handler_->on_tls();
    }
  }
  while (status == TlsEngine::Status::done && !paused_ && !closing_ && !dead_ && handler_ != nullptr) {
    std::size_t got = 0;
    status = tls.read(loop_.plain_buffer(), got);
    if (status == TlsEngine::Status::done) deliver(loop_.plain_buffer().first(got));
  }
  if (dead_) return;
  if (!tls.output().empty()) schedule_flush();
  const auto rest = tls.input();
  if (paused_ && !rest.empty()) s_.held_input.assign(reinterpret_cast<const char*>(rest.data()), rest.size());
  tls.give({});
  if (status == TlsEngine::Status::failed) {
    encrypt();
    write_out();
    finish({"TLS: " + tls.reason()});
  } else if (status == TlsEngine::Status::closed) {
    close();
  }
}

void TcpTransport::Core::deliver(std::span<const std::byte> bytes) {
  const bool had_tls = s_.tls != nullptr;
  delivering_ = true;
  const std::size_t taken = handler_->on_bytes(bytes);
  delivering_ = false;
  base::check(taken <= bytes.size(), "a handler takes no more than it was given");
  if (dead_ || handler_ == nullptr || taken == bytes.size()) return;
  if (!had_tls && s_.tls != nullptr) return finish({"plaintext behind starttls"});
  const auto rest = bytes.subspan(taken);
  s_.held_bytes.append(reinterpret_cast<const char*>(rest.data()), rest.size());
  paused_ = true;
}

void TcpTransport::Core::resume() {
  paused_ = false;
  if (delivering_ || dead_ || handler_ == nullptr) return;
  // Later, so that the handler is never entered from its own call.
  loop_.post([self = shared_from_this()] {
    if (self->dead_ || self->paused_ || self->closing_ || self->handler_ == nullptr) return;
    const std::string bytes = std::exchange(self->s_.held_bytes, {});
    if (!bytes.empty()) self->deliver(std::as_bytes(std::span(bytes)));
    if (self->dead_ || self->paused_ || self->handler_ == nullptr) return;
    const std::string input = std::exchange(self->s_.held_input, {});
    // TLS may also hold decrypted bytes of a record, so it is asked even without input.
    if (self->s_.tls != nullptr && self->s_.tls->open()) self->feed_tls(std::as_bytes(std::span(input)));
    self->wait_read();
  });
}

void TcpTransport::Core::send(std::string_view bytes) {
  if (dead_ || closing_) return;
  if (queued() + bytes.size() > s_.limits.queue) return abort("the queue to the peer overflowed");
  s_.plain += bytes;
  schedule_flush();
}

void TcpTransport::Core::start_tls(base::Ref<certs::Store> certificates, std::string_view host) {
  if (dead_) return;
  base::check(s_.tls == nullptr, "TLS is started once");
  if (!s_.held_bytes.empty()) return abort("plaintext behind starttls");
  s_.out += std::exchange(s_.plain, {});
  s_.tls = std::make_unique<TlsEngine>(std::move(certificates), host);
  deadline_ = base::Timer(loop_, s_.limits.handshake, [this] { finish({"the TLS handshake took too long"}); });
  schedule_flush();
}

void TcpTransport::Core::schedule_flush() {
  if (flushing_ || dead_) return;
  flushing_ = true;
  loop_.at_turn_end([self = shared_from_this()] {
    self->flushing_ = false;
    if (!self->dead_) self->flush();
  });
}

void TcpTransport::Core::flush() {
  if (!encrypt()) return finish({"TLS: writing failed"});
  if (!writing_) write_out();
}

/// Moves what was sent into `out`, sealed where TLS runs.
bool TcpTransport::Core::encrypt() {
  bool good = true;
  if (s_.tls == nullptr) {
    s_.out += s_.plain;
    s_.plain.clear();
  } else {
    if (s_.tls->open() && !s_.plain.empty()) {
      good = s_.tls->write(s_.plain).has_value();
      s_.plain.clear();
    }
    if (closing_) s_.tls->close();
    s_.out += std::exchange(s_.tls->output(), {});
  }
  if (s_.plain.empty()) std::string().swap(s_.plain);  // an idle connection holds no buffer
  return good;
}

void TcpTransport::Core::write_out() {
  while (out_sent_ < s_.out.size()) {
    const ssize_t sent = ::send(socket_.native_handle(), s_.out.data() + out_sent_, s_.out.size() - out_sent_,
                                MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent >= 0) {
      out_sent_ += static_cast<std::size_t>(sent);
    } else if (errno == EAGAIN) {
      return wait_write();
    } else if (errno != EINTR) {
      return finish({std::string("sending: ") + std::strerror(errno)});
    }
  }
  std::string().swap(s_.out);
  out_sent_ = 0;
  if (closing_ && !half_closed_) {
    half_closed_ = true;
    shutdown(socket_.native_handle(), SHUT_WR);
    wait_read();
  }
}

void TcpTransport::Core::wait_write() {
  if (out_sent_ > s_.out.size() / 2) {
    s_.out.erase(0, out_sent_);
    out_sent_ = 0;
  }
  writing_ = true;
  socket_.async_wait(socket_.wait_write, [self = shared_from_this()](const boost::system::error_code& error) {
    self->writing_ = false;
    if (error || self->dead_) return;
    self->write_out();
    if (!self->dead_ && !self->closing_ && self->queued() == 0 && self->handler_ != nullptr)
      self->handler_->on_drained();
  });
}

void TcpTransport::Core::close() {
  if (dead_ || closing_) return;
  closing_ = true;
  deadline_ = base::Timer(loop_, s_.limits.close, [this] { finish({}); });
  schedule_flush();
}

void TcpTransport::Core::abort(std::string_view why) {
  if (dead_) return;
  dead_ = true;
  deadline_.cancel();
  boost::system::error_code ignored;
  socket_.close(ignored);
  loop_.post([self = shared_from_this(), error = base::Error{std::string(why)}] {
    if (self->handler_ != nullptr) std::exchange(self->handler_, nullptr)->on_closed(error);
  });
}

void TcpTransport::Core::finish(base::Error why) {
  if (dead_) return;
  const auto self = shared_from_this();  // the handler may destroy the transport
  dead_ = true;
  base::Timer(std::move(deadline_));
  boost::system::error_code ignored;
  socket_.close(ignored);
  if (handler_ != nullptr) std::exchange(handler_, nullptr)->on_closed(why);
}

void TcpTransport::Core::leave() {
  handler_ = nullptr;
  dead_ = true;
  deadline_.cancel();
  boost::system::error_code ignored;
  socket_.close(ignored);
}

TcpTransport::State TcpTransport::Core::detach() {
  base::check(!dead_ && !closing_ && !delivering_, "only an open transport moves");
  s_.out.erase(0, out_sent_);
  boost::system::error_code ignored;
  s_.socket = Fd(socket_.release(ignored));
  State state = std::move(s_);
  s_ = State();
  leave();
  return state;
}

TcpTransport::TcpTransport(AsioLoop& loop, Fd socket, std::string peer, TcpLimits limits)
    : TcpTransport(loop, State{std::move(socket), std::move(peer), limits, {}, {}, {}, {}, {}}) {}
TcpTransport::TcpTransport(AsioLoop& loop, State state) : core_(std::make_shared<Core>(loop, std::move(state))) {}
TcpTransport::~TcpTransport() { core_->leave(); }

void TcpTransport::start(TransportHandler& handler) { core_->start(handler); }
void TcpTransport::send(std::string_view bytes) { core_->send(bytes); }
std::size_t TcpTransport::queued_bytes() const { return core_->queued(); }
void TcpTransport::pause() { core_->pause(); }
void TcpTransport::resume() { core_->resume(); }
void TcpTransport::start_tls(base::Ref<certs::Store> certificates, std::string_view host) {
  core_->start_tls(std::move(certificates), host);
}
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
