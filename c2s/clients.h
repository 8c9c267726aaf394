// The clients of one shard: their connections, the sessions that speak for bound resources, those that wait for their
// client to come back. What main and the listeners see of c2s.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "base/executor.h"
#include "base/function.h"
#include "base/random.h"
#include "certs/store.h"
#include "net/transport.h"
#include "stream/mechanisms.h"

namespace router {
class Registry;
class Router;
class SessionService;
}  // namespace router
namespace store {
class Store;
}

namespace c2s {

class Shard;

/// What a listener is configured for.
struct Entrance {
  bool direct_tls = false;       ///< TLS from the first byte (XEP-0368); otherwise <starttls/> is offered
  bool plaintext_login = false;  ///< SASL without TLS, for loopback peers only
};

/// What each shard's clients need; everything outlives them. `router` carries the settings in force and the loop.
struct Services {
  router::Router& router;
  router::SessionService& sessions;
  const router::Registry& registry;  ///< stream features and Bind 2's inline features
  store::Store& store;
  base::Random& random;
  base::Executor& cpu;  ///< checks passwords
  stream::FakeAccounts fake;
};

struct Counts {
  std::size_t connections = 0;  ///< sockets on this shard, logged in or not
  std::size_t sessions = 0;     ///< bound resources, the hibernated ones too
  std::size_t hibernated = 0;
};

/// One per shard, on its thread unless said otherwise. Destroy it while its loop is alive and not running.
class Clients {
 public:
  explicit Clients(Services services);
  Clients(const Clients&) = delete;
  Clients& operator=(const Clients&) = delete;
  ~Clients();

  /// Every shard's clients by ShardId, this one included: connections move to the owner of their account, and the
  /// first one counts per address for all. Once, before the first accept(); with one shard too. Any thread.
  void join(const std::vector<Clients*>& all);

  /// The certificates for TLS begun from now on (start, reload). Empty: no TLS is offered.
  void use(base::Ref<certs::Store> certificates);

  /// A new connection, not yet started, on this shard's loop. Whichever shard accepted it.
  void accept(std::unique_ptr<net::Transport> transport, const Entrance& entrance);

  /// Tells every client system-shutdown, ends all sessions (SessionService::unbind), closes; `done` runs once, at the
  /// latest after Limits::close. New connections are dropped from now on.
  void stop(base::Fn<void()> done);

  Counts counts() const;

 private:
  std::unique_ptr<Shard> shard_;
};

}  // namespace c2s
