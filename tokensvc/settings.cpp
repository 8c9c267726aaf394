#include "tokensvc/settings.h"

#include <algorithm>

namespace tokensvc {

const CallerSettings* Settings::caller(std::string_view name) const {
  const auto found = std::ranges::find_if(callers, [&](const auto& each) { return each.caller.name == name; });
  return found == callers.end() ? nullptr : &*found;
}

const MeetingRule* Settings::meetings(std::string_view domain) const {
  const auto found = std::ranges::find(rules, domain, &MeetingRule::domain);
  return found == rules.end() ? nullptr : &*found;
}

}  // namespace tokensvc
