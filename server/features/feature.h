// What a feature is built from. Each file of this folder has one `void add_<name>(const Environment&)` that registers
// iq handlers, disco features, delivery steps and state slots of one XEP; server/main.cpp lists them.
#pragma once

#include "base/random.h"
#include "router/delivery.h"
#include "router/registry.h"
#include "router/router.h"
#include "store/store.h"

namespace features {

/// One per shard: what a feature captures belongs to that shard and its thread. The references outlive everything that
/// was registered.
struct Environment {
  router::Router& router;
  router::Registry& registry;
  router::DeliveryPoints& points;
  router::AccountDirectory& accounts;
  store::Store& store;
  base::Random& random;
};

}  // namespace features
