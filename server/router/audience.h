// Many recipients as one value, made once and used for every stanza that goes to all of them (a room's occupants).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "base/ref.h"
#include "router/packet.h"
#include "router/switchboard.h"
#include "xmpp/jid.h"

namespace router {

/// The recipients of a fan-out, sorted by the shard that owns them. Immutable; any shard may read it. Who is named
/// twice gets two copies.
class Audience final : public base::RefCounted {
 public:
  /// `router`: of any shard.
  Audience(const Router& router, std::vector<xmpp::Jid> to);

  std::size_t size() const { return to_.size(); }
  bool empty() const { return to_.empty(); }
  /// Those that this shard owns, in the order given.
  std::span<const xmpp::Jid> of(ShardId shard) const;

 private:
  std::vector<xmpp::Jid> to_;
  std::vector<std::uint32_t> begins_;  // per shard, and one for the end
};
using AudienceRef = base::Ref<const Audience>;

/// A stanza on its way to an audience, as the bus carries it: one for all shards, each of which makes the packets of
/// its own part. Components never see it.
struct FanOut final : base::RefCounted {
  FanOut(xmpp::StanzaRef what, xmpp::Jid who, AudienceRef to, Origin how, base::Ref<base::Held> held)
      : stanza(std::move(what)), from(std::move(who)), audience(std::move(to)), ticket(std::move(held)), origin(how) {}

  xmpp::StanzaRef stanza;
  xmpp::Jid from;
  AudienceRef audience;
  base::Ref<base::Held> ticket;
  Origin origin;
};

}  // namespace router
