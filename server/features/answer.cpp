#include "features/answer.h"

#include <utility>

namespace features {

bool is_own(const router::Packet& request) { return xmpp::same_bare(request.from(), request.to()); }

xmpp::StanzaError storage_failed() { return {xmpp::Condition::internal_server_error, xmpp::ErrorType::wait}; }

void answer_when_stored(const Environment& environment, store::UnitRef unit, router::Responder answer,
                        base::Fn<void()> then) {
  environment.store.write(std::move(unit), environment.router.loop(),
                          [answer = std::move(answer), then = std::move(then)](base::Result<void> stored) mutable {
                            if (!stored) {
                              answer.error(storage_failed());
                              return;
                            }
                            then();
                            answer.result();
                          });
}

}  // namespace features
