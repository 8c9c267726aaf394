#include "features/hints.h"

#include "xmpp/message.h"

namespace features {
namespace {

constexpr router::Xep kHints{334, "1.0.0", "Message Processing Hints"};

router::Verdict read_hints(router::Passage& passage) {
  const xmpp::Stanza& stanza = passage.packet->stanza();
  if (stanza.kind() != xmpp::Kind::message) return router::Verdict::pass();
  const xmpp::Hints hints = xmpp::hints_of(stanza);
  if (hints.no_store) passage.may_store = false;
  if (hints.no_copy) passage.may_copy = false;
  return router::Verdict::pass();
}

}  // namespace

void add_hints(const Environment& environment) {
  environment.registry.xep(kHints);
  environment.points.outbound.emplace_back(read_hints);
  environment.points.inbound.emplace_back(read_hints);
}

}  // namespace features
