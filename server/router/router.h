// One shard's end of the bus: takes packets, finds the owner of their address, hands them over in order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

#include "base/function.h"
#include "base/loop.h"
#include "base/text_hash.h"
#include "router/audience.h"
#include "router/packet.h"
#include "router/settings.h"
#include "router/switchboard.h"

namespace router {

class AccountService;

/// Owns one or more domains. There is one instance per shard; it receives what is addressed to the
/// partitions of that shard, on that shard's thread.
class Component {
 public:
  virtual ~Component() = default;
  virtual void receive(PacketRef packet) = 0;
};

/// What came back for a request() of ours.
struct Reply {
  enum class Kind : std::uint8_t { result, error, timed_out };
  Kind kind;
  PacketRef packet;  ///< empty when timed out
};

/// Belongs to the Switchboard; everything here is for its shard's thread unless said otherwise.
class Router {
 public:
  Router(const Switchboard& board, ShardId shard);
  Router(const Router&) = delete;
  Router& operator=(const Router&) = delete;

  /// Claims a prepared domain for `component`. Before the first packet; a domain claimed twice aborts.
  void claim(std::string_view domain, Component& component);
  /// Claims every domain nobody claimed (federation).
  void claim_rest(Component& component);
  bool is_local(std::string_view domain) const;
  /// Every claimed domain, sorted.
  std::vector<std::string_view> claimed() const;

  /// Sends to the owner of the packet's `to`. Never waits, never fails, never re-enters: a packet for this
  /// shard runs from the run queue after the current one. Order between two addresses is kept.
  /// An address nobody owns is answered with remote-server-not-found (RFC 6120 8.3.3.16).
  void post(PacketRef packet);
  /// Sends one stanza to everybody of the audience, as if by one post() each, in one entry per shard. Each copy holds
  /// the ticket, to which nothing more is added.
  void post_to_all(xmpp::StanzaRef stanza, const xmpp::Jid& from, AudienceRef audience, Origin origin,
                   base::Ref<base::Held> ticket = {});
  /// The shard that receives what is posted to this address.
  ShardId owner(const xmpp::Jid& to) const;
  /// Runs `job` on the shard that owns `address`.
  void run_on_owner(const xmpp::Jid& address, base::Fn<void(Router&)> job);

  /// Sends an iq get or set of our own and calls `done` once: with the reply from exactly `to`, or timed_out.
  /// `from` must be owned by this shard, because the reply comes back to it. The id is replaced by one of ours.
  void request(xml::Document iq, const xmpp::Jid& from, const xmpp::Jid& to, base::Duration deadline,
               base::Fn<void(Reply)> done);
  /// Hands an iq result or error to the request it answers. False if nobody asked: unsolicited, to be dropped.
  /// Components call it for replies addressed to what they own.
  bool settle(const PacketRef& reply);
  std::size_t open_requests() const { return requests_.size(); }

  /// Answers `request` with an error; does nothing where RFC 6120 8.3.1 forbids an answer.
  void bounce(const Packet& request, const xmpp::StanzaError& error);

  /// The snapshot in force; never null once the server runs. Replaced between two turns.
  const Settings& settings() const { return *settings_; }
  const SettingsRef& share_settings() const { return settings_; }
  void use(SettingsRef settings) { settings_ = std::move(settings); }
  /// This shard's accounts, for jobs that came by run_on_owner. Set once at start.
  void use(AccountService& accounts) { accounts_ = &accounts; }
  AccountService& accounts() const { return *accounts_; }

  base::Loop& loop() const { return board_.loop(shard_); }
  ShardId shard() const { return shard_; }
  const Switchboard& board() const { return board_; }

 private:
  friend class Switchboard;
  struct Request {
    xmpp::Jid to;
    base::Fn<void(Reply)> done;
    base::Timer deadline;
  };

  using Posted = std::variant<PacketRef, base::Ref<const FanOut>>;

  void hand_over(ShardId owner, Posted posted);
  void enqueue(Posted posted);
  void schedule();
  void run_queue();
  std::size_t run_front(std::size_t most);
  void dispatch(PacketRef packet);
  Component* component_for(std::string_view domain) const;
  void flush_outbound();

  const Switchboard& board_;
  ShardId shard_;
  SettingsRef settings_;
  AccountService* accounts_ = nullptr;
  std::unordered_map<std::string, Component*, base::TextHash, std::equal_to<>> claims_;
  Component* rest_ = nullptr;
  std::deque<Posted> queue_;
  std::size_t front_done_ = 0;  // copies of the fan-out in front that were handed over
  bool running_ = false, scheduled_ = false;
  std::vector<std::vector<Posted>> outbound_;  // per shard, handed over once per turn
  bool flush_scheduled_ = false;
  std::unordered_map<std::string, Request> requests_;
  std::uint64_t next_request_ = 1;
};

}  // namespace router
