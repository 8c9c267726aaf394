// What handlers that keep something have in common: whose it is, and the answer after the commit.
#pragma once

#include "base/function.h"
#include "features/feature.h"
#include "store/unit.h"

namespace features {

/// Does the request come from a session of the very account it is addressed to?
bool is_own(const router::Packet& request);

/// For what the store could not do: nobody's fault, to be tried again.
xmpp::StanzaError storage_failed();

/// Writes `unit`, then runs `then` and answers with an empty result; a failed commit is answered with
/// storage_failed(). The responder waits with its ticket: acknowledged means durable (docs/decisions/0002).
void answer_when_stored(
    const Environment& environment, store::UnitRef unit, router::Responder answer, base::Fn<void()> then = [] {});

}  // namespace features
