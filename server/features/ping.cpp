#include "features/ping.h"

namespace features {
namespace {

constexpr std::string_view kNs = "urn:xmpp:ping";

}  // namespace

void add_ping(const Environment& environment) {
  constexpr auto kBoth = router::Target::server | router::Target::account;
  environment.registry.xep({199, "2.0.1", "XMPP Ping"});
  environment.registry.feature(kBoth, kNs);
  environment.registry.iq(xmpp::Type::get, kBoth, kNs, "ping", [](router::Responder answer) { answer.result(); });
}

}  // namespace features
