// All shards of a process as one: what changes while it runs, and how it ends. Knows no sockets and no threads, so that
// tests run the same server on virtual time.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "base/function.h"
#include "router/switchboard.h"
#include "shard.h"

/// What an administrator sees at a glance.
struct Counts {
  c2s::Counts clients;
  proxy65::Counts files;  ///< zeros without a file transfer proxy
  web::Counts uploads;    ///< zeros without uploads
};

/// Made before the loops run, destroyed when they no longer run. Its methods are for the first loop's thread.
class Server {
 public:
  Server(std::vector<base::Loop*> loops, const Seams& seams, const router::SettingsRef& settings);

  /// On every shard between two turns. The hosts and room services must be those it was made with.
  void use(const router::SettingsRef& settings);
  void use(const base::Ref<certs::Store>& certificates);
  /// Never null; a server made without a token service stays without.
  void use(const tokensvc::SettingsRef& tokens);
  /// The same of the file transfer proxy, and of uploads.
  void use(const proxy65::SettingsRef& proxy);
  void use(const web::SettingsRef& uploads);
  /// The shard that has what belongs to an address of ours.
  Shard& owner(const xmpp::Jid& address);
  /// The same of federation: whom with, and what other servers are shown.
  void federate(const s2s::PolicyRef& policy);
  void federate(const base::Ref<certs::Store>& certificates);

  /// Any thread: shards do not move. What it gives is for that shard's thread.
  Shard& shard(std::size_t id) { return *shards_[id]; }
  std::size_t shards() const { return shards_.size(); }

  /// What federation has open and keeps on all shards, for one remote domain or, where that is empty, for all; the
  /// server federates.
  void federation_state(const std::string& remote, base::Fn<void(s2s::State)> done);
  /// Ends all streams to and from it, and tells their number; the server federates.
  void kick_remote(const std::string& remote, base::Fn<void(std::size_t)> done);

  /// The sum over all shards.
  void count(base::Fn<void(Counts)> done);

  /// Sends every client away; `done` when the last has gone, or at the latest after Limits::close. Once.
  void stop(base::Fn<void()> done);

 private:
  void stop_clients(base::Fn<void()> done);
  void stop_federation(base::Fn<void()> done);
  base::Loop& home() const { return board_.loop(0); }

  router::Switchboard board_;
  std::vector<std::unique_ptr<Shard>> shards_;
};
