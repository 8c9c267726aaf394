// XEP-0077: In-Band Registration.
#pragma once

#include <memory>
#include <string>

#include "base/function.h"
#include "features/feature.h"

namespace features {

/// Lets who is logged in change the password or cancel the account. Making accounts is NewAccounts' business.
void add_registration(const Environment& environment);

/// Makes accounts for streams that have not logged in (section 3.1), where HostSettings::registration says so, within
/// Limits::registrations_per_hour for each network address. One for the process; keeps its count on shard 0.
class NewAccounts {
 public:
  explicit NewAccounts(const router::Switchboard& board);
  ~NewAccounts();

  /// Answers an iq get or set in jabber:iq:register from a stream to `host`. `peer` is its network address, for IPv6
  /// the /64 prefix. `reply` runs once, on the shard of `here`, whose thread this is called on.
  void answer(router::Router& here, const xmpp::Jid& host, std::string peer, xmpp::StanzaRef iq,
              base::Fn<void(xmpp::StanzaRef)> reply);

 private:
  struct Attempt;
  class Rate;

  void create(std::unique_ptr<Attempt> attempt);

  const router::Switchboard& board_;
  std::unique_ptr<Rate> rate_;  // shard 0's thread only
};

}  // namespace features
