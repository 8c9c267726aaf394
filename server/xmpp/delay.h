// Delayed delivery (XEP-0203).
#pragma once

#include <string_view>

#include "base/clock.h"
#include "xmpp/stanza.h"

namespace xmpp {

/// `<delay xmlns='urn:xmpp:delay' from=… stamp=…>reason</delay>`; `from` is who delayed it.
FragmentRef make_delay(const Jid& from, base::WallTime stamp, std::string_view reason = {});

}  // namespace xmpp
