// One local account in memory: its roster, its sessions, what features keep of it, and the rows under way for it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <vector>

#include "accounts/roster.h"
#include "accounts/session.h"
#include "accounts/shard.h"
#include "base/lazy.h"

namespace accounts {

/// What one read job finds of an account.
struct Loaded {
  bool exists = false;
  bool disabled = false;
  store::Roster roster;
  std::int64_t last_offline_id = 0;
  std::vector<std::unique_ptr<router::FeatureState>> slots;
};
base::Result<Loaded> load(store::Reader& reader, const xmpp::Jid& jid, const router::DeliveryPoints& points);

/// Belongs to Accounts, on its owner's shard, while it has a session, a packet or rows under way.
class Account final : public router::AccountView {
 public:
  Account(Shard& shard, xmpp::Jid jid, Loaded loaded);

  const xmpp::Jid& jid() const override { return jid_; }
  const router::HostSettings& host() const override;
  router::Router& router() override { return shard_.router; }
  std::span<router::SessionView* const> sessions() override { return views_; }
  Session* session(const xmpp::Jid& full) override;
  std::optional<router::SubscriptionState> subscription(const xmpp::Jid& contact) const override;
  std::unique_ptr<router::FeatureState>& slot(router::AccountSlot slot) override;
  std::unique_ptr<router::AccountHold> hold() override;
  void send_presence_to(const xmpp::Jid& contact, bool available) override;
  void after_rows(base::Fn<void()> job) override;
  std::int64_t next_offline_id() override;
  bool may_have_offline_rows() const override { return last_offline_id_ != 0; }
  std::set<std::int64_t> offline_rows_in_flight() const override;

  Shard& shard() { return shard_; }
  Roster& roster() { return roster_; }
  const std::vector<std::unique_ptr<Session>>& bound() const { return sessions_; }
  Session* session(router::SessionId id);
  Session& add(std::unique_ptr<Session> session);
  std::unique_ptr<Session> take(Session& session);
  bool any_available() const;

  /// Counts what was added to `unit` since it had `before` rows as issued for this account.
  void watch(store::Unit& unit, std::size_t before);
  void rows_settled(std::uint64_t number);
  bool held() const { return !holds_.empty(); }
  void release(std::uint64_t hold);
  void break_holds() { holds_.clear(); }
  /// Nothing is lost when it leaves the memory.
  bool idle() const { return sessions_.empty() && holds_.empty() && issued_.empty(); }

  /// Offline rows that stand in for copies under way. Shared, because those may outlive the account's stay in memory.
  const std::shared_ptr<std::set<std::int64_t>>& in_flight();

  bool disabled;
  std::uint64_t roster_changes = 0;  ///< applied since it was loaded

 private:
  Shard& shard_;
  xmpp::Jid jid_;
  Roster roster_;
  std::vector<std::unique_ptr<Session>> sessions_;  // in the order bound
  std::vector<router::SessionView*> views_;         // the same
  std::vector<std::unique_ptr<router::FeatureState>> slots_;
  std::vector<std::uint64_t> holds_;
  std::vector<std::uint64_t> issued_;                                   // ascending
  base::Lazy<std::multimap<std::uint64_t, base::Fn<void()>>> waiting_;  // by the last row they wait for
  std::int64_t last_offline_id_;
  std::shared_ptr<std::set<std::int64_t>> in_flight_;  // null until there was one
};

}  // namespace accounts
