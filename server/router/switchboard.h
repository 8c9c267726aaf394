// Who owns an address: the process-wide map from address to partition to shard, frozen before the first packet.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/loop.h"
#include "xmpp/jid.h"

namespace router {

using ShardId = std::uint16_t;
using Partition = std::uint16_t;

/// More partitions than any machine has cores, so that shards share them evenly; fixed, because a cluster's
/// nodes must agree on it.
inline constexpr Partition kPartitions = 1024;

class Router;

/// Made once at start, outlives every shard's Router. Reading is safe from any thread.
class Switchboard {
 public:
  /// One loop per shard, in shard order; at least one.
  explicit Switchboard(std::vector<base::Loop*> loops);
  ~Switchboard();

  ShardId shards() const { return static_cast<ShardId>(loops_.size()); }
  /// By the hash of the bare address: every resource of an account, every occupant of a room.
  static Partition partition(const xmpp::Jid& address);
  ShardId owner(const xmpp::Jid& address) const { return shard_of_[partition(address)]; }
  base::Loop& loop(ShardId shard) const { return *loops_[shard]; }
  /// The shard's router; call its methods on that shard's thread only.
  Router& router(ShardId shard) const { return *routers_[shard]; }

 private:
  std::vector<base::Loop*> loops_;
  std::vector<std::unique_ptr<Router>> routers_;
  std::array<ShardId, kPartitions> shard_of_{};
};

}  // namespace router
