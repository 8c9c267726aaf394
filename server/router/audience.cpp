#include "router/audience.h"

#include <numeric>

#include "router/router.h"

namespace router {

Audience::Audience(const Router& router, std::vector<xmpp::Jid> to)
    : to_(to.size()), begins_(router.board().shards() + 1U) {
  std::vector<ShardId> owners;
  owners.reserve(to.size());
  for (const xmpp::Jid& each : to) ++begins_[owners.emplace_back(router.owner(each))];
  std::partial_sum(begins_.begin(), begins_.end(), begins_.begin());
  // Filled from behind, so that each part's end becomes its beginning and the order in it stays.
  for (std::size_t i = to.size(); i-- > 0;) to_[--begins_[owners[i]]] = std::move(to[i]);
}

std::span<const xmpp::Jid> Audience::of(ShardId shard) const {
  return std::span(to_).subspan(begins_[shard], begins_[shard + 1U] - begins_[shard]);
}

}  // namespace router
