// RFC 6121 for the local users of one shard: the table of accounts in memory, and what reaches them. One instance per
// shard; the wiring claims each host's domain for it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "accounts/account.h"
#include "base/ring.h"

namespace accounts {

/// What a look at the store said of an account that isn't here.
enum class Absent : std::uint8_t { unknown, failed };

/// This shard's thread only. Outlives what its loop and the store run.
class Accounts final : public router::Component, public router::SessionService, public router::AccountDirectory {
 public:
  /// Registers the iqs that accounts answer itself. `points` is read when it is complete, after start.
  Accounts(router::Router& router, router::Registry& registry, const router::DeliveryPoints& points,
           store::Store& store, base::Random& random);

  void receive(router::PacketRef packet) override;

  void bind(router::BindRequest request, base::Fn<void(base::Result<router::Bound, xmpp::StanzaError>)> done) override;
  void submit(router::SessionId session, xml::Document element) override;
  void sm_enabled(router::SessionId session, std::string sm_id) override;
  void client_state(router::SessionId session, bool active) override;
  void unbind(router::SessionId session, std::vector<router::Delivery> unacknowledged, bool forget_mark) override;

  Account* account(const xmpp::Jid& bare) override;
  std::size_t accounts_in_memory() const { return entries_.size(); }
  std::size_t open_windows() const { return shard_.windows.size(); }

  // ---- for the other parts of accounts/ ----
  Shard& shard() { return shard_; }
  using Job = base::Fn<void(Account*, Absent)>;
  /// Runs `job` with the account, loaded if need be; with null if it doesn't exist or can't be read.
  void with_account(const xmpp::Jid& bare, Job job);
  /// Ends a session with a stream error and redelivers what it had not acknowledged.
  void end(Account& account, Session& session, const xmpp::StreamError& why);
  void end_all(Account& account, const xmpp::StreamError& why, const Session* spare = nullptr);
  /// Unbinds a session whose stream goes on until bid_farewell().
  router::SessionId part(Account& account, Session& session);
  /// Ends its stream, if the client has not done that by itself meanwhile.
  void bid_farewell(router::SessionId parted, router::Delivery last_word, const xmpp::StreamError& why);
  /// From now on the account is answered for as if it weren't there, so that no row is issued for it any more.
  void hide(const xmpp::Jid& bare);
  void show(const xmpp::Jid& bare);
  /// Takes an account out of the memory whose rows are removed.
  void forget(const xmpp::Jid& bare);
  std::vector<Account*> loaded() const;
  void holding(const xmpp::Jid& bare);
  void released(const xmpp::Jid& bare, std::uint64_t hold);
  void rows_settled(const xmpp::Jid& bare, std::uint64_t number);

 private:
  struct Waiting {
    router::PacketRef packet;
    Job job;  // instead of a packet
  };
  struct Entry {
    std::unique_ptr<Account> account;  // null while it loads
    base::Ring<Waiting> waiting;
    base::Timer deadline;  // of the load or of a hold
    std::uint64_t load = 0;
    bool used = true;  // since the last sweep
    bool hidden = false;
  };
  /// Bare addresses, found by a view into any address: no packet pays for a copy.
  struct ByText {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
    std::size_t operator()(const xmpp::Jid& bare) const { return (*this)(bare.str()); }
    bool operator()(const xmpp::Jid& bare, std::string_view text) const { return bare.str() == text; }
    bool operator()(std::string_view text, const xmpp::Jid& bare) const { return bare.str() == text; }
    bool operator()(const xmpp::Jid& a, const xmpp::Jid& b) const { return a == b; }
  };
  using Entries = std::unordered_map<xmpp::Jid, Entry, ByText, ByText>;
  struct Place {
    Account* account;
    Session* session;
  };

  void receive_for_host(const router::PacketRef& packet);
  Entry& start_load(const xmpp::Jid& bare);
  void finish_load(const xmpp::Jid& bare, std::uint64_t number, base::Result<Loaded> loaded);
  void fail(base::Ring<Waiting> waiting, Absent why);
  void hold_expired(const xmpp::Jid& bare);
  void drain(const xmpp::Jid& bare);
  void sweep();
  base::Result<router::Bound, xmpp::StanzaError> bind_now(Account& account, const router::BindRequest& request,
                                                          const xml::Document& bind2);
  struct Gone {
    std::unique_ptr<Session> session;
    router::SessionLink& link;
  };
  Gone take_out(Account& account, Session& session, bool forget_mark);
  void close(Account& account, Session& session, std::optional<xmpp::StreamError> why,
             std::vector<router::Delivery> unacknowledged, bool forget_mark);

  Shard shard_;
  Entries entries_;
  std::unordered_map<router::SessionId, Place> sessions_;
  std::unordered_map<router::SessionId, router::SessionLink*> parted_;
  base::Timer sweep_;
};

}  // namespace accounts
