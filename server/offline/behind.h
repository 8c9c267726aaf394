// New messages for a session that is still being handed older ones, page by page: they wait behind, so that order is
// kept, and nobody else of the account has to wait.
#pragma once

#include "router/delivery.h"

namespace offline {

/// Messages wait from now on; if they do already, nothing changes.
void begin_waiting(router::SessionView& session, router::SessionSlot slot);
bool is_waiting(router::SessionView& session, router::SessionSlot slot);
/// The `delivering` step: true if the delivery was taken. What is too much for a client's queue beside the older ones
/// isn't kept back any longer; if the client doesn't take it either, its session is cut and nothing is lost.
bool wait_behind(router::SessionView& session, router::Delivery& delivery, router::SessionSlot slot,
                 const router::Limits& limits);
/// Sends what waits, with a note of when it came (XEP-0203), or gives it back for redelivery if the session has ended.
void end_waiting(router::SessionView& session, router::SessionSlot slot);

}  // namespace offline
