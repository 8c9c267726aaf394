// Unique stanza ids (XEP-0359).
#pragma once

#include <string_view>
#include <vector>

#include "xmpp/stanza.h"

namespace xmpp {

/// `<stanza-id xmlns='urn:xmpp:sid:0' id=… by=…/>`.
FragmentRef make_stanza_id(std::string_view id, const Jid& by);

/// The stanza-id children that claim to be by `by`, for Overlay::stripped: only `by` itself may set them
/// (XEP-0359 3, rule 2). Other spellings of the same address count as well.
std::vector<const xml::Element*> forged_stanza_ids(const Stanza& stanza, const Jid& by);

}  // namespace xmpp
