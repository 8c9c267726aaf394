// Questions to a room's archive (XEP-0313 4, 5).
#pragma once

#include "muc/behaviour.h"

namespace muc {

/// `archives`: whether a room has an archive to ask.
void add_archive_queries(const Environment& environment, Field<bool> archives);

/// Those inside; of rooms that not everybody may enter, also those who may (SECURITY M05).
bool may_ask_archive(const Room& room, const xmpp::Jid& who);

}  // namespace muc
