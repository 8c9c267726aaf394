// What the parts of accounts/ share on one shard.
#pragma once

#include <cstdint>

#include "accounts/window.h"
#include "base/random.h"
#include "router/delivery.h"
#include "router/registry.h"
#include "router/router.h"
#include "store/store.h"
#include "xmpp/jid_cache.h"

namespace accounts {

class Accounts;

/// Belongs to Accounts; all references outlive it.
struct Shard {
  Accounts& accounts;
  router::Router& router;
  const router::Registry& registry;
  const router::DeliveryPoints& points;
  store::Store& store;
  base::Random& random;
  Windows windows;
  xmpp::JidCache addresses;       ///< that clients wrote to
  std::uint64_t last_number = 0;  ///< of sessions, holds and issued rows

  std::uint64_t next_number() { return ++last_number; }
  const router::Limits& limits() const { return router.settings().limits(); }
  base::Loop& loop() const { return router.loop(); }
};

}  // namespace accounts
