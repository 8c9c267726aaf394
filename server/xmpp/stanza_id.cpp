#include "xmpp/stanza_id.h"

#include <utility>

#include "xmpp/ns.h"

namespace xmpp {

FragmentRef make_stanza_id(std::string_view id, const Jid& by) {
  xml::Document document(ns::sid, "stanza-id");
  document.root().set_attr("id", id).set_attr("by", by.str());
  return base::make_ref<const Fragment>(std::move(document));
}

std::vector<const xml::Element*> forged_stanza_ids(const Stanza& stanza, const Jid& by) {
  std::vector<const xml::Element*> forged;
  for (const xml::Element& child : xml::children(stanza.root())) {
    if (!child.is(ns::sid, "stanza-id")) continue;
    const auto claimed = Jid::parse(child.attr("by"));
    if (claimed && *claimed == by) forged.push_back(&child);
  }
  return forged;
}

}  // namespace xmpp
