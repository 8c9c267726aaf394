// The token service's own sockets, on the first shard's loop: the entrances for games and for HTTP, and the games that
// it dials. What rooms and accounts ask of it stands in the shards.
#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "certificates.h"
#include "net/listener.h"
#include "net/tcp_dialer.h"
#include "net/thread_executor.h"
#include "net/unix_listener.h"
#include "tokensvc/audit_retention.h"
#include "tokensvc/game_link.h"
#include "tokensvc/http.h"
#include "tokensvc/line_server.h"

/// The home loop's thread, or before it runs; destroyed when it no longer runs.
class Tokens {
 public:
  struct Home {
    net::AsioLoop& loop;
    tokensvc::Office& office;
    store::Store& store;
    net::TcpLimits limits;
    std::uint16_t port_offset = 0;
  };

  /// Opens every entrance of the office's settings. `certificates` is needed where one has TLS.
  static base::Result<std::unique_ptr<Tokens>> open(const Home& home, const CertificatesRef& certificates);

  /// The office has new settings. Entrances stay as they were at start.
  void reconsider();
  void use(const CertificatesRef& certificates);

  /// A line for each entrance.
  std::string greeting() const;
  /// The same for programs: "kind", "where", "connections", "paused".
  nlohmann::json status() const;
  /// Takes no more; `done` once all that was asked has its answer.
  void stop(base::Fn<void()> done);

 private:
  struct Line {
    std::unique_ptr<tokensvc::LineServer> server;
    std::unique_ptr<net::Listener> port;
    std::unique_ptr<net::UnixListener> socket;
    std::string where() const;
  };
  struct Web {
    std::unique_ptr<tokensvc::Http> server;
    std::unique_ptr<net::Listener> port;  ///< null once it is stopped
    std::string where;
  };
  using Accept = std::function<void(std::unique_ptr<net::Transport>)>;

  /// Made with the first game, so that a server without any has no thread for names.
  struct Games {
    explicit Games(const Home& home);
    net::ThreadExecutor threads{1};
    net::SystemResolver resolver{threads};
    net::TcpDialer dialer;
    tokensvc::GameLinks links;
    bool trusts = false;  ///< the system's authorities were loaded, which takes memory
  };

  explicit Tokens(const Home& home) : home_(home), retention_(home.office, home.store) {}
  base::Result<void> open_line(const tokensvc::LineEntrance& entrance, const CertificatesRef& certificates);
  base::Result<void> open_http(const tokensvc::HttpEntrance& entrance, const CertificatesRef& certificates);
  base::Result<std::unique_ptr<net::Listener>> listen(const std::string& address, std::uint16_t port,
                                                      Accept accept) const;
  void dial_games();

  Home home_;
  tokensvc::AuditRetention retention_;
  std::vector<Line> lines_;
  std::vector<Web> webs_;
  std::unique_ptr<Games> games_;
};
