// Stanzas as text that the store keeps, and back.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "xmpp/stanza.h"

namespace xmpp {

/// The stanza with these addresses and this overlay, complete with its namespace.
std::string to_stored(const Stanza& stanza, const Jid& from, const Jid& to, const Overlay& overlay);

/// What to_stored() wrote; nothing if the text was damaged since. Not bound to a session's limits: these were kept when
/// the stanza came in, and may have been lowered since.
std::optional<xml::Document> from_stored(std::string_view text);

}  // namespace xmpp
