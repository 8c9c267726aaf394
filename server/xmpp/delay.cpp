#include "xmpp/delay.h"

#include <utility>

#include "xmpp/ns.h"
#include "xmpp/timestamp.h"

namespace xmpp {

FragmentRef make_delay(const Jid& from, base::WallTime stamp, std::string_view reason) {
  xml::Document document(ns::delay, "delay");
  xml::Element& root = document.root();
  if (from) root.set_attr("from", from.str());
  root.set_attr("stamp", format_timestamp(stamp));
  if (!reason.empty()) root.add_text(reason);
  return base::make_ref<const Fragment>(std::move(document));
}

}  // namespace xmpp
