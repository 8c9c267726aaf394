#include "muc/forged.h"

#include "muc/ns.h"
#include "xmpp/ns.h"

namespace muc {
namespace {

/// However the address is spelled, and whoever of the service's it names.
bool is_delay_by(const xml::Element& child, const xmpp::Jid& room) {
  if (!child.is(xmpp::ns::delay, "delay")) return false;
  const auto from = xmpp::Jid::parse(child.attr("from"));
  return from && from->domain() == room.domain();
}

}  // namespace

bool is_the_rooms(const xml::Element& child, const xmpp::Jid& room) {
  return child.ns() == ns::user || child.ns() == ns::occupant_id || child.ns() == ns::hats ||
         child.ns() == ns::moderate || child.is(ns::retract, "retracted") || is_delay_by(child, room);
}

}  // namespace muc
