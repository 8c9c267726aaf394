// What clients may still ask once they are bound: another resource (RFC 6120 7), and the session of RFC 3921.
#pragma once

#include "router/registry.h"

namespace accounts {

/// Before binding, and without XEP-0198 afterwards, the stream answers these itself.
void register_bind(router::Registry& registry);

}  // namespace accounts
