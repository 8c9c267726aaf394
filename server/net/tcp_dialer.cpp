#include "net/tcp_dialer.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <optional>
#include <utility>

#include "net/asio.h"
#include "net/fd.h"
#include "net/tls.h"

namespace net {

using boost::asio::ip::tcp;

namespace {

void set(int socket, int level, int option, int value) {
  // Where the system can't, a vanished peer is noticed later.
  (void)setsockopt(socket, level, option, &value, sizeof value);
}

void tune(int socket, const DialOptions& options) {
  set(socket, IPPROTO_TCP, TCP_NODELAY, 1);  // we gather ourselves
  set(socket, SOL_SOCKET, SO_KEEPALIVE, 1);
  set(socket, IPPROTO_TCP, TCP_KEEPIDLE, options.keep_alive.idle_seconds);
  set(socket, IPPROTO_TCP, TCP_KEEPINTVL, options.keep_alive.probe_seconds);
  set(socket, IPPROTO_TCP, TCP_KEEPCNT, options.keep_alive.probes);
  const std::chrono::milliseconds unacknowledged = options.unacknowledged;
  set(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, static_cast<int>(unacknowledged.count()));
}

std::string peer_text(const std::string& address, std::uint16_t port) {
  return (address.find(':') == std::string::npos ? address : "[" + address + "]") + ":" + std::to_string(port);
}

}  // namespace

/// One call. Shared with the resolver and with the pending connect, which may come back after it was given up.
class TcpDialer::Attempt final : public std::enable_shared_from_this<Attempt>, private TransportHandler {
 public:
  Attempt(AsioLoop& loop, std::string host, std::uint16_t port, DialOptions options, Done done)
      : loop_(loop),
        host_(std::move(host)),
        port_(port),
        options_(std::move(options)),
        done_(std::move(done)),
        until_(loop.now() + options_.deadline) {}

  void begin(Resolver& resolver) {
    deadline_ =
        base::Timer(loop_, options_.deadline, [this] { finish(base::failure("finding the name took too long")); });
    resolver.resolve(loop_, host_, [self = shared_from_this()](const base::Result<Resolver::Addresses>& found) {
      if (self->over()) return;
      if (!found) return self->finish(std::unexpected(found.error()));
      self->addresses_ = *found;
      self->try_next();
    });
  }

  void give_up() {
    done_ = nullptr;
    drop();
  }

 private:
  bool over() const { return done_ == nullptr; }
  /// Still at that address.
  bool tries(std::size_t number) const { return !over() && trying_ && next_ == number; }

  void drop() {
    deadline_.cancel();
    transport_.reset();
    socket_.reset();  // not only closed: what holds us may outlive the loop
    look_at_asio(loop_);
  }

  void finish(base::Result<std::unique_ptr<Transport>> result) {
    const auto self = shared_from_this();  // done may destroy the call
    drop();
    std::exchange(done_, nullptr)(std::move(result));
  }

  /// Each address gets its share of the time that is left.
  void try_next() {
    if (next_ == addresses_.size()) return finish(std::unexpected(why_));
    const base::Duration share = (until_ - loop_.now()) / static_cast<int>(addresses_.size() - next_);
    drop();
    trying_ = true;
    const std::string& address = addresses_[next_++];
    deadline_ = base::Timer(loop_, share, [this] { failed("no answer"); });
    boost::system::error_code error;
    const tcp::endpoint at(boost::asio::ip::make_address(address, error), port_);
    if (!error) socket_.emplace(context_of(loop_)).open(at.protocol(), error);
    if (error) return failed(error.message());
    socket_->async_connect(at, [self = shared_from_this(), number = next_](const boost::system::error_code& result) {
      if (self->tries(number)) self->connected(result);
    });
  }

  void failed(const std::string& why) {
    if (!std::exchange(trying_, false)) return;
    why_ = {"connecting to " + peer_text(addresses_[next_ - 1], port_) + ": " + why};
    loop_.post([self = shared_from_this()] {
      if (!self->over()) self->try_next();
    });
  }

  void connected(boost::system::error_code error) {
    if (!error) socket_->non_blocking(true, error);
    if (error) return failed(error.message());
    tune(socket_->native_handle(), options_);
    std::string peer = peer_text(addresses_[next_ - 1], port_);
    if (!options_.tls) return finish(std::make_unique<TcpTransport>(loop_, Fd(socket_->release()), std::move(peer)));
    auto engine = std::make_unique<TlsEngine>(TlsCall{options_.tls, host_});
    transport_ = TcpTransport::with_tls(loop_, Fd(socket_->release()), std::move(peer), std::move(engine));
    transport_->start(*this);
  }

  // The handshake is ours; then the connection goes over as one that is not started.
  std::size_t on_bytes(std::span<const std::byte>) override { return 0; }
  void on_tls() override {
    transport_->pause();
    loop_.post([self = shared_from_this(), number = next_] {
      if (!self->tries(number)) return;
      self->transport_->move_to(self->loop_, [self](std::unique_ptr<Transport> moved) {
        if (!self->over()) self->finish(std::move(moved));
      });
    });
  }
  void on_closed(const base::Error& why) override {
    failed(why.what.empty() ? "the peer ended the connection within the TLS handshake" : why.what);
  }

  AsioLoop& loop_;
  std::string host_;
  std::uint16_t port_;
  DialOptions options_;
  Done done_;
  base::MonoTime until_;
  Resolver::Addresses addresses_;
  std::size_t next_ = 0;  ///< of addresses_
  bool trying_ = false;   ///< the one before it
  base::Error why_{"no address"};
  base::Timer deadline_;
  std::optional<tcp::socket> socket_;
  std::unique_ptr<Transport> transport_;  ///< while TLS is shaken hands on
};

class TcpDialer::Handle final : public Call {
 public:
  explicit Handle(std::shared_ptr<Attempt> attempt) : attempt_(std::move(attempt)) {}
  ~Handle() override { attempt_->give_up(); }

 private:
  std::shared_ptr<Attempt> attempt_;  ///< shared with what it waits for
};

std::unique_ptr<Dialer::Call> TcpDialer::dial(const std::string& host, std::uint16_t port, const DialOptions& options,
                                              Done done) {
  auto attempt = std::make_shared<Attempt>(loop_, host, port, options, std::move(done));
  attempt->begin(resolver_);
  return std::make_unique<Handle>(std::move(attempt));
}

}  // namespace net
