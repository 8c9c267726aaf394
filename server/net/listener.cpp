#include "net/listener.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "base/log.h"
#include "net/asio.h"
#include "net/fd.h"

namespace net {

using boost::asio::ip::tcp;

namespace {

constexpr int backlog = 4096;  // a smaller one caps logins per second (LIMITS section 4)
constexpr auto pause_on_error = std::chrono::milliseconds(100);
constexpr rlim_t kept_descriptors = 32;  // for the store, the control socket, certificates, a new log file

constexpr int unacknowledged_milliseconds = 90'000;  // who doesn't take what it is sent is noticed sooner

void set(int socket, int level, int option, int value) {
  // Where the system can't, the connection just lives longer.
  (void)setsockopt(socket, level, option, &value, sizeof value);
}

/// Connections have from their listener what is set there (tcp(7)): it saves six system calls for each.
void tune(int socket, const KeepAlive& keep_alive) {
  set(socket, IPPROTO_TCP, TCP_NODELAY, 1);  // we gather ourselves
  set(socket, SOL_SOCKET, SO_KEEPALIVE, 1);
  set(socket, IPPROTO_TCP, TCP_KEEPIDLE, keep_alive.idle_seconds);
  set(socket, IPPROTO_TCP, TCP_KEEPINTVL, keep_alive.probe_seconds);
  set(socket, IPPROTO_TCP, TCP_KEEPCNT, keep_alive.probes);
  set(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, unacknowledged_milliseconds);
}

/// Whether another connection leaves us the descriptors that we keep. The lowest free one tells how many are in use.
bool has_room(int socket) {
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur == RLIM_INFINITY) return true;
  const Fd next(fcntl(socket, F_DUPFD_CLOEXEC, 0));
  return next.get() >= 0 && static_cast<rlim_t>(next.get()) + kept_descriptors < files.rlim_cur;
}

std::string peer_text(const tcp::endpoint& peer) {
  const auto address = peer.address();
  return address.is_v6() ? "[" + address.to_string() + "]:" + std::to_string(peer.port())
                         : address.to_string() + ":" + std::to_string(peer.port());
}

}  // namespace

class Listener::Core : public std::enable_shared_from_this<Core> {
 public:
  Core(AsioLoop& loop, Choose choose, Accepted accepted, TcpLimits limits)
      : loop_(loop),
        choose_(std::move(choose)),
        accepted_(std::make_shared<Accepted>(std::move(accepted))),
        limits_(limits),
        acceptor_(context_of(loop)) {}

  boost::system::error_code open(const std::string& address, std::uint16_t port) {
    boost::system::error_code error;
    const tcp::endpoint at(boost::asio::ip::make_address(address, error), port);
    if (!error) acceptor_.open(at.protocol(), error);
    if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error && at.address().is_v6()) {
      acceptor_.set_option(boost::asio::ip::v6_only(!at.address().is_unspecified()), error);
    }
    if (!error) tune(acceptor_.native_handle(), limits_.keep_alive);
    if (!error) acceptor_.bind(at, error);
    if (!error) acceptor_.listen(backlog, error);
    if (!error) port_ = acceptor_.local_endpoint(error).port();
    return error;
  }

  void accept() {
    paused_ = !has_room(acceptor_.native_handle());
    if (paused_) return pause(EMFILE);
    acceptor_.async_accept([self = shared_from_this()](const boost::system::error_code& error, tcp::socket socket) {
      if (self->closed_) return;
      if (error && error != boost::asio::error::connection_aborted) return self->pause(error.value());
      if (!error) self->hand_over(std::move(socket));
      self->accept();
    });
  }

  void close() {
    closed_ = true;
    pause_.cancel();
    boost::system::error_code ignored;
    acceptor_.close(ignored);
    look_at_asio(loop_);
  }

  std::uint16_t port() const { return port_; }
  bool paused() const { return paused_; }

 private:
  /// Out of descriptors or memory: trying at once would spin. The backlog keeps the callers.
  void pause(int reason) {
    paused_ = true;
    if (!std::exchange(told_, true)) {
      base::log::warning("accept_paused", {{"port", port_}, {"reason", std::strerror(reason)}});
    }
    pause_ = base::Timer(loop_, pause_on_error, [this] { accept(); });
  }

  void hand_over(tcp::socket socket) {
    if (std::exchange(told_, false)) base::log::info("accept_resumed", {{"port", port_}});
    boost::system::error_code error;
    const tcp::endpoint peer = socket.remote_endpoint(error);
    if (!error) socket.non_blocking(true, error);
    if (error) return;  // the peer is gone already
    AsioLoop& target = choose_();
    target.post(
        [&target, accepted = accepted_, limits = limits_, fd = Fd(socket.release()), text = peer_text(peer)]() mutable {
          (*accepted)(target, std::make_unique<TcpTransport>(target, std::move(fd), std::move(text), limits));
        });
  }

  AsioLoop& loop_;
  Choose choose_;
  std::shared_ptr<Accepted> accepted_;
  TcpLimits limits_;
  tcp::acceptor acceptor_;
  base::Timer pause_;
  std::uint16_t port_ = 0;
  bool closed_ = false, paused_ = false;
  bool told_ = false;  ///< the log says that we are paused
};

base::Result<std::unique_ptr<Listener>> Listener::open(AsioLoop& loop, const std::string& address, std::uint16_t port,
                                                       Choose choose, Accepted accepted, TcpLimits limits) {
  auto core = std::make_shared<Core>(loop, std::move(choose), std::move(accepted), limits);
  if (const auto error = core->open(address, port)) {
    return base::failure("listening on " + address + " port " + std::to_string(port) + ": " +
                         std::strerror(error.value()));
  }
  core->accept();
  return std::unique_ptr<Listener>(new Listener(std::move(core)));
}

Listener::~Listener() { core_->close(); }

std::uint16_t Listener::port() const { return core_->port(); }
bool Listener::paused() const { return core_->paused(); }

}  // namespace net
