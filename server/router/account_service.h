// What administrators and in-band registration do to accounts. Implemented by accounts, one per shard: call it on the
// shard that owns the account (Router::run_on_owner).
#pragma once

#include <string>
#include <vector>

#include "base/function.h"
#include "base/result.h"
#include "base/secret.h"
#include "router/delivery.h"
#include "xmpp/error.h"
#include "xmpp/jid.h"

namespace router {

struct SessionInfo {
  xmpp::Jid jid;
  std::string peer;
  int priority = 0;
  bool available = false;
  bool hibernated = false;
};

class AccountService {
 public:
  using Done = base::Fn<void(base::Result<void, xmpp::StanzaError>)>;
  virtual ~AccountService() = default;

  /// conflict if it exists, item-not-found if the host is not ours, not-acceptable for a password that PRECIS refuses.
  /// `done` runs on this shard when the change is committed.
  virtual void create(const xmpp::Jid& account, base::Secret password, Done done) = 0;
  /// Ends its sessions, hibernated ones too, before `done`; only `spare` (a full address) goes on.
  virtual void set_password(const xmpp::Jid& account, base::Secret password, Done done, xmpp::Jid spare = {}) = 0;
  /// Ends its sessions before `done`. The one that `last_word` is for gets it first, once the removal is committed.
  virtual void remove(const xmpp::Jid& account, Done done, Delivery last_word = {}) = 0;
  /// Ends its sessions before `done`.
  virtual void set_disabled(const xmpp::Jid& account, bool disabled, Done done) = 0;
  /// Ends one session, or all for a bare address; gives back how many.
  virtual std::size_t kick(const xmpp::Jid& address, const std::string& why) = 0;
  /// Of this shard's accounts.
  virtual std::vector<SessionInfo> sessions() const = 0;
};

}  // namespace router
