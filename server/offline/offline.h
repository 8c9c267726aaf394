// The offline store (XEP-0160): messages for people who are away, handed over when they come back.
#pragma once

#include "base/random.h"
#include "router/delivery.h"
#include "router/registry.h"
#include "router/router.h"
#include "store/store.h"

namespace offline {

/// One per shard; the references outlive everything that was registered.
struct Environment {
  router::Router& router;
  router::Registry& registry;
  router::DeliveryPoints& points;
  router::AccountDirectory& accounts;
  store::Store& store;
  base::Random& random;
};

/// Registers the step that stores and the one that hands over.
void add_offline(const Environment& environment);

}  // namespace offline
