// Sessions that can be resumed (XEP-0198 5), by SM-ID, and how long those without a connection are kept.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

#include "base/function.h"
#include "base/loop.h"
#include "c2s/waits.h"
#include "xmpp/jid.h"

namespace c2s {

class Session;
class Shard;

/// One per shard, for the accounts of that shard.
class Hibernation {
 public:
  explicit Hibernation(Shard& shard);

  /// A new SM-ID under which the session is found from now on, with or without a connection.
  std::string enlist(Session& session);
  /// Null for an unknown id and for another account's.
  Session* find(const std::string& sm_id, const xmpp::Jid& account) const;
  /// Starts its time; the oldest sleeper of the account or of the shard makes room.
  void sleep(Session& session);
  void wake(Session& session);
  /// It is over.
  void forget(Session& session);
  std::size_t asleep() const { return asleep_.size(); }

  /// How far a session of an earlier run had counted, if it was this account's; for `<failed h=…/>`.
  void find_mark(const std::string& sm_id, const xmpp::Jid& account, base::Fn<void(std::optional<std::uint32_t>)> done);

 private:
  struct Sleeper {
    Session* session;
    base::Timer expiry;
  };
  using Key = std::pair<std::string, std::uint64_t>;  // account, age

  void make_room(const Session& session);

  Shard& shard_;
  Waits<std::optional<std::uint32_t>> marks_;
  std::unordered_map<std::string, Session*> by_id_;
  std::map<std::uint64_t, Sleeper> asleep_;  // oldest first
  std::map<Key, std::uint64_t> by_account_;  // the same, by account
  std::unordered_map<const Session*, std::uint64_t> age_;
  std::uint64_t next_age_ = 1;
};

}  // namespace c2s
