// Files that a message speaks of, by their addresses on the web (XEP-0363 4): which is whose, the store knows.
#pragma once

#include <string>
#include <vector>

#include "xml/element.h"

namespace xmpp {

/// What may be the ids of uploads in the https addresses of its text and of out-of-band data (XEP-0066): no more than
/// ten.
std::vector<std::string> mentioned_uploads(const xml::Element& message);

}  // namespace xmpp
