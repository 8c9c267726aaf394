#include "net/unix_listener.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>

#include "base/log.h"
#include "net/asio.h"

namespace net {
namespace {

constexpr int backlog = 16;
constexpr auto pause_on_error = std::chrono::milliseconds(100);

base::Result<sockaddr_un> address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    return base::failure("the socket's path is longer than " + std::to_string(sizeof address.sun_path - 1) +
                         " bytes: " + path);
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

const sockaddr* raw(const sockaddr_un& address) { return reinterpret_cast<const sockaddr*>(&address); }

base::Error failed(const std::string& path) { return {"listening on " + path + ": " + std::strerror(errno)}; }

bool somebody_listens(const sockaddr_un& address) {
  const Fd probe(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  return connect(probe.get(), raw(address), sizeof address) == 0;
}

base::Result<Fd> listen_on(const std::string& path, mode_t mode) {
  const auto address = address_of(path);
  if (!address) return std::unexpected(address.error());
  if (somebody_listens(*address)) return base::failure("listening on " + path + ": another process does already");
  struct stat info{};
  if (lstat(path.c_str(), &info) == 0 && S_ISSOCK(info.st_mode)) unlink(path.c_str());
  Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (socket.get() < 0 || fchmod(socket.get(), 0600) != 0 || bind(socket.get(), raw(*address), sizeof *address) != 0 ||
      chmod(path.c_str(), mode) != 0 || listen(socket.get(), backlog) != 0) {
    return std::unexpected(failed(path));
  }
  return socket;
}

/// Whose process is at the other end; nothing if the kernel does not say.
std::optional<ucred> peer_of(int socket) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return std::nullopt;
  return peer;
}

}  // namespace

class UnixListener::Core : public std::enable_shared_from_this<Core> {
 public:
  Core(AsioLoop& loop, std::string path, Fd socket, Admit admit, AcceptedFrom accepted, TcpLimits limits)
      : loop_(loop),
        path_(std::move(path)),
        admit_(std::move(admit)),
        accepted_(std::move(accepted)),
        limits_(limits),
        socket_(context_of(loop), boost::asio::ip::tcp::v4(), socket.release()) {}  // only waited on

  void wait() {
    socket_.async_wait(socket_.wait_read, [self = shared_from_this()](const boost::system::error_code& error) {
      if (!error && !self->closed_) self->accept();
    });
  }

  void close() {
    closed_ = true;
    pause_.cancel();
    boost::system::error_code ignored;
    socket_.close(ignored);
    look_at_asio(loop_);
    unlink(path_.c_str());
  }

 private:
  void accept() {
    Fd peer(accept4(socket_.native_handle(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (peer.get() < 0 && errno != EAGAIN && errno != ECONNABORTED && errno != EINTR) {
      base::log::warning("accept_paused", {{"socket", path_}, {"reason", std::strerror(errno)}});
      pause_ = base::Timer(loop_, pause_on_error, [this] { wait(); });
      return;
    }
    if (peer.get() >= 0) judge(std::move(peer));
    if (!closed_) wait();
  }

  void judge(Fd peer) {
    const auto process = peer_of(peer.get());
    const std::string who =
        process ? "uid " + std::to_string(process->uid) + " pid " + std::to_string(process->pid) : "unknown";
    const bool ours = process && (process->uid == 0 || process->uid == geteuid());
    if (!ours && (!process || !admit_ || !admit_(process->uid))) {
      base::log::warning("socket_refused", {{"socket", path_}, {"peer", who}});
      return;
    }
    accepted_(std::make_unique<TcpTransport>(loop_, std::move(peer), who, limits_), process->uid);
  }

  AsioLoop& loop_;
  std::string path_;
  Admit admit_;  ///< empty: nobody else
  AcceptedFrom accepted_;
  TcpLimits limits_;
  boost::asio::ip::tcp::socket socket_;
  base::Timer pause_;
  bool closed_ = false;
};

base::Result<std::unique_ptr<UnixListener>> UnixListener::open(AsioLoop& loop, const std::string& path,
                                                               Accepted accepted, TcpLimits limits) {
  auto from = [accepted = std::move(accepted)](std::unique_ptr<Transport> transport, std::uint32_t) {
    accepted(std::move(transport));
  };
  return open_to(loop, path, {}, std::move(from), limits);
}

base::Result<std::unique_ptr<UnixListener>> UnixListener::open_to(AsioLoop& loop, const std::string& path, Admit admit,
                                                                  AcceptedFrom accepted, TcpLimits limits) {
  auto socket = listen_on(path, admit ? 0666 : 0600);
  if (!socket) return std::unexpected(socket.error());
  auto core = std::make_shared<Core>(loop, path, std::move(*socket), std::move(admit), std::move(accepted), limits);
  core->wait();
  return std::unique_ptr<UnixListener>(new UnixListener(std::move(core)));
}

UnixListener::~UnixListener() { core_->close(); }

}  // namespace net
