#include "accounts/bind_iq.h"

#include "xmpp/ns.h"

namespace accounts {
namespace {

/// A stranger gets the answer that an account gives which doesn't exist.
bool is_own(const router::Packet& request) { return request.to().is_domain() || request.from().bare() == request.to(); }

}  // namespace

void register_bind(router::Registry& registry) {
  constexpr router::Target kAny = router::Target::account | router::Target::server;
  // One stream, one resource (RFC 6120 7.1).
  registry.iq(xmpp::Type::set, kAny, xmpp::ns::bind, "bind", [](router::Responder request) {
    request.error(is_own(request.request()) ? xmpp::Condition::not_allowed : xmpp::Condition::service_unavailable);
  });
  registry.iq(xmpp::Type::set, kAny, xmpp::ns::session, "session", [](router::Responder request) {
    if (!is_own(request.request())) return request.error(xmpp::Condition::service_unavailable);
    request.result();
  });
}

}  // namespace accounts
