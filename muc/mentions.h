// Tells lasting members who are not inside that they were mentioned (XEP-0452).
#pragma once

#include <optional>
#include <string_view>

#include "muc/behaviour.h"

namespace muc {

void add_mentions(const Environment& environment);

/// Whom a reference names (XEP-0372 3.2): a person's address, or an occupant's. Nothing if that isn't in it.
std::optional<xmpp::Jid> mentioned(std::string_view uri);

}  // namespace muc
