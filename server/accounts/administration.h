// Accounts made, changed and removed, by administrators and in-band registration.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "accounts/accounts.h"
#include "router/account_service.h"
#include "store/key_maker.h"

namespace accounts {

/// One per shard, for the accounts that shard owns; this shard's thread only. Lives as long as `accounts`.
class Administration final : public router::AccountService {
 public:
  Administration(Accounts& accounts, store::KeyMaker& keys) : accounts_(accounts), keys_(keys) {}

  void create(const xmpp::Jid& account, base::Secret password, Done done) override;
  void set_password(const xmpp::Jid& account, base::Secret password, Done done, xmpp::Jid spare = {}) override;
  void remove(const xmpp::Jid& account, Done done, router::Delivery last_word = {}) override;
  void set_disabled(const xmpp::Jid& account, bool disabled, Done done) override;
  std::size_t kick(const xmpp::Jid& address, const std::string& why) override;
  std::vector<router::SessionInfo> sessions() const override;

 private:
  using Found = std::optional<store::Account>;

  /// Alters one account: two changes that overlap would each write what the other had read.
  bool begin(const xmpp::Jid& account, Done& done);
  void finish(const xmpp::Jid& account, Done& done, base::Result<void, xmpp::StanzaError> result);
  void read(const xmpp::Jid& account, Done done, base::Fn<void(Found, Done)> next);
  void read_existing(const xmpp::Jid& account, Done done, base::Fn<void(store::Account, Done)> next);
  void make_keys(const xmpp::Jid& account, store::Account row, base::Secret password, Done done,
                 base::Fn<void(store::Account, Done)> next);
  /// One unit; finishes the change.
  void write(const xmpp::Jid& account, std::vector<store::Row> rows, Done done);
  void put_new(const xmpp::Jid& account, store::Account row, Done done);
  void put(const xmpp::Jid& account, store::Account row, xmpp::Jid spare, Done done);
  void removed(const xmpp::Jid& account, router::SessionId parted, router::Delivery last_word, Done done,
               const base::Result<void>& result);
  void sweep(const xmpp::Jid& account, Done done);

  Accounts& accounts_;
  store::KeyMaker& keys_;
  std::set<xmpp::Jid> changing_;
};

}  // namespace accounts
