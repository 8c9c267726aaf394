// From the socket to the handler.
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "base/check.h"
#include "net/tcp_core.h"

namespace net {

void TcpTransport::Core::on_ready(std::uint32_t events) {
  const auto self = shared_from_this();  // the handler may destroy the transport
  if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) last_words_ = true;
  if ((events & EPOLLIN) != 0 || last_words_) readable_ = true;
  if (writing_ && (events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0) go_on_writing();
  if (readable_ && !reading_) read();
}

/// Later, so that others have their turn and the handler is never entered from its own call.
void TcpTransport::Core::go_on_reading() {
  if (!readable_ || reading_ || peer_ended_ || deaf()) return;
  reading_ = true;
  loop_.post([self = shared_from_this()] {
    self->reading_ = false;
    self->read();
  });
}

void TcpTransport::Core::read() {
  if (peer_ended_ || deaf()) return;
  if (!closing_ && (paused_ || holds())) {  // what is held comes first
    if (lost_ != nullptr) finish(*lost_);
    return;
  }
  const auto buffer = loop_.read_buffer();
  const ssize_t got = recv(s_.socket.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (got <= 0 && lost_ != nullptr) return finish(*lost_);
  if (got == 0) return on_end();
  if (got < 0 && errno != EAGAIN && errno != EINTR) return finish({std::string("receiving: ") + std::strerror(errno)});
  // Less than asked for was all there was; the socket tells when there is more, but its end it may have told already.
  readable_ = got < 0 ? errno == EINTR : last_words_ || static_cast<std::size_t>(got) == buffer.size();
  if (got > 0 && !closing_) take(buffer.first(static_cast<std::size_t>(got)));
  go_on_reading();
}

/// The peer sends no more; what is queued for it still leaves.
void TcpTransport::Core::on_end() {
  peer_ended_ = true;
  if (half_closed_ || (!closing_ && queued() == 0)) return finish({});
  close();
}

void TcpTransport::Core::take(std::span<const std::byte> bytes) {
  if (s_.tls != nullptr) {
    feed_tls(bytes);
  } else {
    deliver(bytes);
  }
}

TlsEngine::Status TcpTransport::Core::shake_hands() {
  const auto status = s_.tls->handshake();
  schedule_flush();
  if (status != TlsEngine::Status::done) return status;
  s_.handshake_by.reset();
  deadline_.cancel();
  handler_->on_tls();
  return status;
}

void TcpTransport::Core::feed_tls(std::span<const std::byte> bytes) {
  TlsEngine& tls = *s_.tls;
  tls.give(bytes);
  auto status = tls.open() ? TlsEngine::Status::done : shake_hands();
  while (status == TlsEngine::Status::done && !paused_ && !closing_ && !deaf()) {
    std::size_t got = 0;
    status = tls.read(loop_.plain_buffer(), got);
    if (status == TlsEngine::Status::done) deliver(loop_.plain_buffer().first(got));
  }
  if (dead_) return;
  if (!tls.output().empty()) schedule_flush();
  const auto rest = tls.input();
  if (paused_ && !rest.empty()) held().input.assign(reinterpret_cast<const char*>(rest.data()), rest.size());
  tls.give({});
  if (status == TlsEngine::Status::failed) {
    encrypt();  // the alert
    write_out();
    finish({"TLS: " + tls.reason()});
  } else if (status == TlsEngine::Status::closed) {
    close();
  }
}

void TcpTransport::Core::deliver(std::span<const std::byte> bytes) {
  const bool had_tls = s_.tls != nullptr;
  delivering_ = true;
  resumed_ = false;
  const std::size_t taken = handler_->on_bytes(bytes);
  delivering_ = false;
  base::check(taken <= bytes.size(), "a handler takes no more than it was given");
  if (deaf() || taken == bytes.size()) return;
  if (!had_tls && s_.tls != nullptr) return finish({"plaintext behind starttls"});
  const auto rest = bytes.subspan(taken);
  held().bytes.append(reinterpret_cast<const char*>(rest.data()), rest.size());
  paused_ = true;
  if (resumed_) resume();  // it was ready for more before it said that it took less
}

void TcpTransport::Core::pause() {
  paused_ = true;
  resumed_ = false;
}

void TcpTransport::Core::resume() {
  paused_ = false;
  resumed_ = delivering_;
  if (delivering_ || deaf()) return;
  // Later, so that the handler is never entered from its own call.
  loop_.post([self = shared_from_this()] { self->take_held(); });
}

TcpTransport::State::Held& TcpTransport::Core::held() {
  if (s_.held == nullptr) s_.held = std::make_unique<State::Held>();
  return *s_.held;
}

void TcpTransport::Core::take_held() {
  if (deaf() || paused_ || closing_) return;
  if (s_.held != nullptr && !s_.held->bytes.empty()) {
    const std::string bytes = std::exchange(s_.held->bytes, {});
    deliver(std::as_bytes(std::span(bytes)));
  }
  if (deaf() || paused_) return;
  std::string input;
  if (s_.held != nullptr) input.swap(s_.held->input);
  if (s_.held != nullptr && s_.held->bytes.empty()) s_.held.reset();
  // TLS may also hold decrypted bytes of a record, so it is asked even without input.
  if (s_.tls != nullptr && s_.tls->open()) feed_tls(std::as_bytes(std::span(input)));
  go_on_reading();
}

}  // namespace net
