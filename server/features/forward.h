// Forwarded stanzas (XEP-0297) inside archive results and carbons.
#pragma once

#include <optional>

#include "base/clock.h"
#include "xml/element.h"

namespace features {

/// Adds `<forwarded xmlns='urn:xmpp:forward:0'/>` to `parent` with a copy of `stanza` and, when it is known, the time
/// at which it came (XEP-0203).
void add_forwarded(xml::Element& parent, const xml::Element& stanza, std::optional<base::WallTime> stamp = {});

}  // namespace features
