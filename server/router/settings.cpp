#include "router/settings.h"

#include <utility>

#include "base/check.h"

namespace router {

Settings::Settings(std::vector<HostSettings> hosts, Limits limits) : hosts_(std::move(hosts)), limits_(limits) {
  base::check(!hosts_.empty(), "there is at least one host");
  for (std::size_t i = 0; i < hosts_.size(); ++i) by_domain_.emplace(hosts_[i].domain.str(), i);
}

const HostSettings* Settings::host(std::string_view domain) const {
  const auto found = by_domain_.find(domain);
  return found == by_domain_.end() ? nullptr : &hosts_[found->second];
}

}  // namespace router
