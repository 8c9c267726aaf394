// What is said in a room is kept (XEP-0313; the ids that come with it: XEP-0359).
#pragma once

#include "muc/behaviour.h"

namespace muc {

/// Keeps each message as others see it: stands behind whatever adds to a message.
void add_archive(const Environment& environment);

/// Whether a message is worth keeping at all, in history or archive.
bool is_worth_keeping(const xmpp::Stanza& message);

}  // namespace muc
