// One shard's clients from the inside: what connections and sessions share, and who owns them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "c2s/addresses.h"
#include "c2s/authenticator.h"
#include "c2s/clients.h"
#include "c2s/hibernation.h"
#include "router/router.h"
#include "stream/negotiation.h"
#include "xml/stream_reader.h"

namespace c2s {

class Connection;
class Session;
class Wire;

/// Belongs to Clients. Everything is for its own thread.
class Shard {
 public:
  explicit Shard(Services services);
  ~Shard();

  void join(const std::vector<Shard*>& all) { all_ = all; }
  void use(base::Ref<certs::Store> certificates);
  void accept(std::unique_ptr<net::Transport> transport, const Entrance& entrance);
  void stop(base::Fn<void()> done);
  Counts counts() const;

  // ---- what connections and sessions share ----
  const Services& services() const { return services_; }
  base::Loop& loop() const { return loop_; }
  const router::Limits& limits() const { return services_.router.settings().limits(); }
  std::size_t shards() const { return all_.size(); }
  router::ShardId id() const { return services_.router.shard(); }
  xml::ParserPool& parsers() { return parsers_; }
  Authenticator& authenticator() { return authenticator_; }
  Hibernation& hibernation() { return hibernation_; }
  const base::Ref<certs::Store>& certificates() const { return certificates_; }
  /// What new streams are offered, by the settings and certificates in force.
  base::Ref<const stream::StreamOffer> offer();
  bool stopping() const { return stopping_; }
  const xmpp::StreamError& farewell() const { return farewell_; }  ///< what a stop says to clients
  std::string& scratch();                                          ///< empty; for one call
  /// Stanzas of this shard's clients that are submitted and not complete.
  void count_under_way(std::ptrdiff_t change) { under_way_ += static_cast<std::size_t>(change); }
  /// They are so many that each client is read one stanza at a time.
  bool crowded() const { return under_way_ * all_.size() >= limits().under_way_stanzas; }

  // ---- connections ----
  /// Null when it is gone: how late answers find out.
  Connection* connection(std::uint64_t number);
  void drop(std::uint64_t number);
  /// Hands the connection to the shard that owns its account.
  void move(std::uint64_t number, router::ShardId target);

  // ---- sessions ----
  Session& open_session(xmpp::Jid account, Wire& wire);
  Session* session(std::uint64_t number);
  /// Destroys it in a later step.
  void retire(std::uint64_t number);

  // ---- counts of all shards ----
  /// Runs `job` with the addresses, on the first shard.
  void with_addresses(base::Fn<void(Addresses&)> job);
  /// How long an attempt to log in has to wait; `failed` counts the one before. `done` runs here.
  void ask_delay(Ticket ticket, bool failed, base::Fn<void(base::Duration)> done);
  /// Whether this connection's address may make one more account; counts it. `done` runs here.
  void ask_registration(Ticket ticket, base::Fn<void(bool)> done);

 private:
  void admitted(std::uint64_t number, bool yes);
  void arrive(std::unique_ptr<Connection> connection, std::unique_ptr<net::Transport> transport);
  void end_sessions(bool at_once);
  void check_stopped();
  void give_up();

  Services services_;
  base::Loop& loop_;
  std::vector<Shard*> all_;
  xml::ParserPool parsers_;
  Authenticator authenticator_;
  Hibernation hibernation_;
  Addresses addresses_;  // the first shard's only
  base::Ref<certs::Store> certificates_;
  base::Ref<const stream::StreamOffer> offer_;
  router::SettingsRef offer_from_;
  std::string scratch_;
  std::size_t under_way_ = 0;  // before the sessions, which count themselves out
  xmpp::StreamError farewell_{xmpp::StreamCondition::system_shutdown, ""};

  std::unordered_map<std::uint64_t, std::unique_ptr<Session>> sessions_;
  std::unordered_map<std::uint64_t, std::unique_ptr<Connection>> connections_;
  std::uint64_t next_number_ = 1;

  bool stopping_ = false;
  base::Fn<void()> stopped_;
  base::Timer patience_, deadline_;
};

}  // namespace c2s
