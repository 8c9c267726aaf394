#include "muc/nickname.h"

#include "xmpp/nickname.h"

namespace muc {

void add_nickname(const Environment& environment) {
  const auto judge = [](const Join& join) -> Refusal {
    if (!xmpp::nickname_keys(join.nick).folded.empty()) return std::nullopt;
    return xmpp::StanzaError(xmpp::Condition::not_acceptable, "a nickname has to be seen");
  };
  environment.points.join.emplace_back(judge);
  environment.points.rename.emplace_back(judge);
}

}  // namespace muc
