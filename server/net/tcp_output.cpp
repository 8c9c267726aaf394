// From send() to the socket: one write, and one TLS record up to 16 kB, per turn.
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "net/tcp_core.h"

namespace net {

void TcpTransport::Core::send(std::string_view bytes) {
  if (dead_ || closing_) return;
  if (queued() + bytes.size() > s_.limits.queue) return abort("the queue to the peer overflowed");
  if (s_.plain.capacity() < bytes.size() && s_.plain.empty()) s_.plain = loop_.take_buffer();
  s_.plain += bytes;
  s_.undrained = true;
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
  tell_drained();
}

/// Moves what was sent into `out`, sealed where TLS runs.
bool TcpTransport::Core::encrypt() {
  bool good = true;
  if (s_.tls == nullptr) {
    if (s_.out.empty()) {
      s_.out.swap(s_.plain);
    } else {
      s_.out += s_.plain;
      s_.plain.clear();
    }
  } else {
    if (s_.tls->open() && !s_.plain.empty()) {
      if (s_.tls->output().capacity() < s_.plain.size()) s_.tls->lend(loop_.take_buffer());
      good = s_.tls->write(s_.plain).has_value();
      s_.plain.clear();
    }
    if (closing_) s_.tls->close();
    if (s_.out.empty()) {
      s_.out.swap(s_.tls->output());
    } else {
      s_.out += std::exchange(s_.tls->output(), {});
    }
  }
  if (s_.plain.empty() && s_.plain.capacity() > 0) loop_.give_back(std::exchange(s_.plain, {}));  // none while idle
  return good;
}

void TcpTransport::Core::write_out() {
  if (lost_ != nullptr) return;
  while (out_sent_ < s_.out.size()) {
    const ssize_t sent =
        ::send(s_.socket.get(), s_.out.data() + out_sent_, s_.out.size() - out_sent_, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent >= 0) {
      out_sent_ += static_cast<std::size_t>(sent);
    } else if (errno == EAGAIN) {
      writing_ = true;
      return compact_out();
    } else if (errno != EINTR) {
      return lose({std::string("sending: ") + std::strerror(errno)});
    }
  }
  loop_.give_back(std::exchange(s_.out, {}));
  out_sent_ = 0;
  if (closing_) end_output();
}

/// What the peer said before it went comes first: it may have ended in order.
void TcpTransport::Core::lose(base::Error why) {
  if (peer_ended_ || (paused_ && !closing_)) return finish(why);
  lost_ = std::make_unique<base::Error>(std::move(why));
  readable_ = last_words_ = true;
  go_on_reading();
}

void TcpTransport::Core::end_output() {
  if (half_closed_) return;
  half_closed_ = true;
  if (peer_ended_) return finish({});
  shutdown(s_.socket.get(), SHUT_WR);
  go_on_reading();
}

/// The socket takes more.
void TcpTransport::Core::go_on_writing() {
  writing_ = false;
  write_out();
  tell_drained();
}

void TcpTransport::Core::compact_out() {
  if (out_sent_ <= s_.out.size() / 2) return;
  s_.out.erase(0, out_sent_);
  out_sent_ = 0;
}

/// Only from the loop, never below a call of the handler's.
void TcpTransport::Core::tell_drained() {
  if (!s_.undrained || closing_ || deaf() || queued() > 0) return;
  s_.undrained = false;
  handler_->on_drained();
}

}  // namespace net
