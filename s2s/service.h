// Federation of one shard: the remote domains it owns, the streams to them, the streams that peers opened here.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/function.h"
#include "certs/store.h"
#include "net/connector.h"
#include "net/dialer.h"
#include "net/dns.h"
#include "net/transport.h"
#include "router/router.h"
#include "s2s/dialback.h"
#include "s2s/domain.h"
#include "s2s/incoming.h"
#include "s2s/link.h"
#include "s2s/outgoing.h"
#include "s2s/pins.h"
#include "s2s/policy.h"
#include "s2s/state.h"
#include "store/store.h"
#include "xml/stream_reader.h"

namespace s2s {

class Connection;
class IncomingConnection;
class ReturnLink;
class Verifier;

/// What federation needs of its shard; everything outlives it.
struct Services {
  router::Router& router;
  store::Store& store;
  base::Random& random;
  net::Dns& dns;
  net::Dialer& dialer;
  const DialbackKeys& keys;
  base::Ref<const net::TlsTrust> trust;  ///< any certificate, judged later
};

/// A stream that was lost and can be resumed.
struct Resumable {
  Lost lost;
  std::uint32_t reported = 0;  ///< of what was sent, the owner knows
};

/// Takes what is for nobody here (Router::claim_rest). One per shard, on its thread.
class Service final : public router::Component, public LinkMaker {
 public:
  Service(const Services& services, PolicyRef policy);
  ~Service() override;

  /// Every shard's, by ShardId. Once, before the loops run.
  void join(std::vector<Service*> all) { all_ = std::move(all); }
  /// What the store kept over the restart is tried again. Once, when the loop runs.
  void start();
  /// From now on; streams that it forbids end.
  void use(PolicyRef policy);
  void use(base::Ref<certs::Store> certificates) { certificates_ = std::move(certificates); }
  /// A peer's connection, not yet started.
  void accept(std::unique_ptr<net::Transport> transport, bool direct_tls);
  /// Writes what was promised, ends all streams in order; `done` when none is left, at the latest after two seconds.
  void stop(base::Fn<void()> done);
  std::size_t connections() const { return connections_.size(); }
  std::size_t domains() const { return domains_.size(); }
  /// What is open and kept here for `remote`; empty: for all.
  State state(const std::string& remote) const;
  /// Ends all streams to and from it, of which it tells the number. What they held is tried again.
  std::size_t kick(const std::string& remote);
  /// The next key it shows is pinned, everywhere. False if there was no pin.
  bool unpin(const std::string& remote);

  void receive(router::PacketRef packet) override;
  std::unique_ptr<Link> dial(const std::string& local, const std::string& remote, const std::string& resume,
                             LinkOwner& owner) override;

  // ---- for its connections ----
  const Services& services() const { return services_; }
  const Policy& policy() const { return *domain_shard_.policy; }
  base::Loop& loop() const { return services_.router.loop(); }
  net::Connector& connector() { return connector_; }
  xml::ParserPool& parsers() { return parsers_; }
  const base::Ref<certs::Store>& certificates() const { return certificates_; }
  /// Those of a remote domain's targets that did not lead to a place where no stream came up, or else all.
  std::vector<net::Target> untried(const std::string& remote, std::vector<net::Target> targets);
  void tried(const std::string& remote, const net::Target& target);
  void reached(const std::string& remote) { tried_.erase(remote); }
  const Pins& pins() const { return pins_; }
  /// From now on, on all shards and in the store, unless there is one.
  void pin(const std::string& remote, const std::string& key);
  bool is_local(std::string_view domain) const;
  std::string default_domain() const;
  /// Null when it is gone.
  Connection* connection(std::uint64_t number);
  std::uint64_t enter(Connection& connection);
  void leave(std::uint64_t number);
  /// Ends one that this service owns; in a later step.
  void retire(std::uint64_t number);
  /// Asks the authoritative server of question.pair.remote; the verdict goes to the incoming connection `asker`.
  void verify(std::uint64_t asker, const Question& question);
  void verified(std::uint64_t asker, const Question& question, const Verdict& verdict);
  /// For resuming the stream of this incoming connection: names its shard.
  std::string name_stream(std::uint64_t number);
  /// Looks for the stream that `asker`, an incoming connection, wants to go on with.
  void resume(std::uint64_t asker, const Resumption& request);
  void forget_stream(const std::string& sm_id, std::uint64_t number);
  /// A stanza's ticket came home: its rows are written, then it is handled.
  void settle(std::uint64_t connection, std::uint64_t slot, store::UnitRef rows);
  std::string keep(Resumable stream);

  // ---- streams that peers opened, as ways back to them (XEP-0288) ----
  /// A connection or a return link, wherever it is.
  struct Place {
    Service* service = nullptr;
    std::uint64_t number = 0;
    bool operator==(const Place&) const = default;
  };
  /// Runs `job` with an incoming connection, on its shard; `gone`, if there is one, when there is none by then.
  void tell(Place stream, base::Fn<void(IncomingConnection&)> job, base::Fn<void()> gone = {});
  /// This incoming connection may be told stanzas of the pair: the remote domain's owner may take it.
  void offer_return(std::uint64_t number, const DomainPair& pair);
  std::uint64_t enter(ReturnLink& link);
  void leave_return(std::uint64_t number) { returns_.erase(number); }
  void return_done(std::uint64_t number, std::uint32_t count);
  void return_lost(std::uint64_t number, const Failure& why);

 private:
  /// A stanza that all are done with, and the rows it leaves.
  struct Settling {
    std::uint64_t connection, slot;
    store::UnitRef rows;
  };
  struct Known {
    std::unique_ptr<Domain> domain;
    bool was_idle = false;
  };

  struct Found {
    std::uint32_t h = 0;
    std::set<DomainPair> pairs;
  };
  Service* home_of(const std::string& sm_id) const;
  void give_up(std::uint64_t number, const Resumption& request, Place back);
  void resumed(const Place& asker, const std::string& sm_id, const Place& old, const std::optional<Found>& found);
  void adopt(Place stream, const DomainPair& pair);
  void load(const std::string& after);
  Domain* domain(const std::string& remote);
  bool full() const { return connections_.size() >= most_links_; }
  void sweep();
  void write_rows(std::vector<Settling> all);
  void settled(std::uint64_t connection, std::uint64_t slot, bool durable);
  void check_stopped();
  void end();

  Services services_;
  Shard domain_shard_;
  net::Connector connector_;
  Pins pins_;
  xml::ParserPool parsers_;
  base::Ref<certs::Store> certificates_;
  std::size_t most_links_ = 0, most_domains_ = 0;
  std::uint64_t last_number_ = 0;
  std::unordered_map<std::uint64_t, Connection*> connections_;
  std::unordered_map<std::uint64_t, std::unique_ptr<Connection>> owned_;  ///< those that peers opened, and questions
  std::unordered_map<std::string, std::uint64_t> verifiers_;              ///< by remote domain, and some that are over
  std::unordered_map<std::string, Resumable> resumable_;
  std::unordered_map<std::string, std::set<std::pair<std::string, std::uint16_t>>> tried_;  ///< in vain, by remote
  std::unordered_map<std::string, Place> named_;  ///< streams that peers may resume, by SM-ID given here
  std::unordered_map<std::uint64_t, ReturnLink*> returns_;
  std::vector<Settling> settling_;
  std::vector<Service*> all_;
  std::unordered_map<std::string, Known> domains_;
  base::Timer sweep_, patience_;
  base::Fn<void()> stopped_;
  bool stopping_ = false, full_told_ = false;
};

}  // namespace s2s
