#include "features/forward.h"

#include "xmpp/delay.h"
#include "xmpp/ns.h"

namespace features {

void add_forwarded(xml::Element& parent, const xml::Element& stanza, std::optional<base::WallTime> stamp) {
  xml::Element& forwarded = parent.add("forwarded", xmpp::ns::forward);
  if (stamp) forwarded.add_copy(xmpp::make_delay({}, *stamp)->element.root());
  forwarded.add_copy(stanza);
}

}  // namespace features
