// What is said in a room is kept (XEP-0313; the ids that come with it: XEP-0359).
#pragma once

#include "muc/behaviour.h"

namespace muc {

/// Keeps each message as others see it: stands behind whatever adds to a message.
void add_archive(const Environment& environment);

/// A row in the room's archive (XEP-0313 3.4), and in `overlay` the id by which everybody sees the message (XEP-0359
/// 3).
std::int64_t archive_message(Room& room, const xmpp::Stanza& message, const xmpp::Jid& from, base::WallTime time,
                             xmpp::Overlay& overlay, store::Unit& rows);

/// Whether a message is worth keeping at all, in history or archive.
bool is_worth_keeping(const xmpp::Stanza& message);

}  // namespace muc
