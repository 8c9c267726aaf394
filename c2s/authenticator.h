// Who an account is and whether a password fits: asked of the store and of the executor, each with a deadline, so that
// a store that is down is temporary-auth-failure and never not-authorized (SECURITY A08).
#pragma once

#include <functional>
#include <optional>

#include "base/executor.h"
#include "base/function.h"
#include "base/secret.h"
#include "c2s/waits.h"
#include "store/store.h"
#include "stream/mechanisms.h"
#include "stream/scram_keys.h"
#include "xmpp/jid.h"

namespace c2s {

/// What a look-up found. An account that does not exist is neither an error nor to be told from one with other keys.
struct Credentials {
  bool available = false;  ///< false: the store failed, or took too long
  bool disabled = false;   ///< to be said only to who proved to be the account
  std::optional<stream::ScramKeys> keys;
};

struct PasswordCheck {
  bool available = false;
  bool disabled = false;
  bool fits = false;
};

/// One per shard. Answers come in a later step.
class Authenticator {
 public:
  Authenticator(store::Store& store, base::Executor& cpu, base::Loop& loop, stream::FakeAccounts fake);

  void look_up(const xmpp::Jid& account, stream::Hash hash, base::Duration deadline, base::Fn<void(Credentials)> done);
  /// Takes as long for an account that does not exist (SECURITY A06). The password is prepared here (RFC 8265 4.2).
  /// Not available when kMostChecks are under way: more would only come too late.
  void check_password(const xmpp::Jid& account, base::Secret password, base::Duration deadline,
                      base::Fn<void(PasswordCheck)> done);

  static constexpr std::size_t kMostChecks = 256;

 private:
  void check(const xmpp::Jid& account, base::Secret password, std::optional<store::Account> found,
             std::uint64_t number);

  store::Store& store_;
  base::Executor& cpu_;
  stream::FakeAccounts fake_;
  Waits<Credentials> look_ups_;
  Waits<PasswordCheck> checks_;
  std::size_t checking_ = 0;
};

}  // namespace c2s
