#include "muc/lost.h"

#include <algorithm>
#include <array>
#include <span>
#include <string_view>

#include "xmpp/ns.h"

namespace muc {
namespace {

constexpr std::array<std::string_view, 7> kSession{"gone",
                                                   "item-not-found",
                                                   "recipient-unavailable",
                                                   "redirect",
                                                   "remote-server-not-found",
                                                   "remote-server-timeout",
                                                   "service-unavailable"};
constexpr std::array<std::string_view, 2> kServer{"remote-server-not-found", "remote-server-timeout"};

bool has_any(const xmpp::Stanza& stanza, std::span<const std::string_view> conditions) {
  const xml::Element* error = stanza.child(xmpp::ns::client, "error");
  return error != nullptr && std::ranges::any_of(conditions, [&](std::string_view name) {
           return error->child(xmpp::ns::stanza_errors, name) != nullptr;
         });
}

}  // namespace

bool tells_of_lost_session(const xmpp::Stanza& error) { return has_any(error, kSession); }

bool tells_of_lost_server(const router::Router& router, const router::Packet& error) {
  return error.origin() == router::Origin::server && !router.is_local(error.from().domain()) &&
         has_any(error.stanza(), kServer);
}

}  // namespace muc
