// What one address may have and do, and how many connections may wait for their login: the counts of all shards, kept
// by the first one.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

#include "base/clock.h"
#include "router/settings.h"
#include "router/switchboard.h"

namespace c2s {

/// A connection, by the shard that accepted it and that shard's number for it; it keeps the name when it moves.
struct Ticket {
  router::ShardId shard = 0;
  std::uint64_t number = 0;
  auto operator<=>(const Ticket&) const = default;
};

/// This shard's thread only; others post.
class Addresses {
 public:
  struct Admission {
    bool admitted = false;
    std::optional<Ticket> dropped;  ///< the oldest without login, which has to make room
  };
  Admission admit(Ticket ticket, const std::string& address, const router::Limits& limits);
  void logged_in(Ticket ticket);
  void release(Ticket ticket);

  /// Counts a failed login of this connection's address.
  void failed(Ticket ticket, base::MonoTime now, const router::Limits& limits);
  /// How long its next attempt has to wait: nothing until failed_logins_per_minute were used up, then as long as it
  /// takes to keep to that rate, kLongestDelay at most.
  base::Duration delay(Ticket ticket, base::MonoTime now) const;
  static constexpr std::chrono::seconds kLongestDelay{20};

  /// Counts one more account made from this connection's address; false, and not counted, beyond
  /// registrations_per_hour.
  bool take_registration(Ticket ticket, base::MonoTime now, const router::Limits& limits);

  std::size_t known() const { return addresses_.size(); }  ///< addresses remembered

 private:
  struct Entry {
    std::uint32_t connections = 0;
    base::MonoTime busy_until{};        ///< the failures so far, laid end to end at the allowed rate
    base::MonoTime registered_until{};  ///< likewise the accounts made
  };
  using Address = std::pair<const std::string, Entry>;
  struct Connection {
    Address* address;           ///< stays where it is while it has connections
    std::uint64_t waiting = 0;  ///< its place among those without login; 0 afterwards
  };
  struct ByNumber {
    std::size_t operator()(const Ticket& ticket) const noexcept {
      return ticket.number ^ std::size_t{ticket.shard} << 48;
    }
  };
  void forget_idle(base::MonoTime now);

  std::unordered_map<std::string, Entry> addresses_;
  std::unordered_map<Ticket, Connection, ByNumber> connections_;
  std::map<std::uint64_t, Ticket> waiting_;  ///< oldest first
  std::uint64_t next_ = 1;
  std::size_t sweep_at_ = 1024;
};

}  // namespace c2s
