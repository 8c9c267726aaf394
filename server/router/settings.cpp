#include "router/settings.h"

#include <utility>

#include "base/check.h"

namespace router {

Settings::Settings(std::vector<HostSettings> hosts, Limits limits, std::vector<RoomService> rooms)
    : hosts_(std::move(hosts)), rooms_(std::move(rooms)), limits_(limits) {
  base::check(!hosts_.empty(), "there is at least one host");
  for (std::size_t i = 0; i < hosts_.size(); ++i) hosts_by_domain_.emplace(hosts_[i].domain.str(), i);
  for (std::size_t i = 0; i < rooms_.size(); ++i) rooms_by_domain_.emplace(rooms_[i].domain.str(), i);
}

const HostSettings* Settings::host(std::string_view domain) const {
  const auto found = hosts_by_domain_.find(domain);
  return found == hosts_by_domain_.end() ? nullptr : &hosts_[found->second];
}

const RoomService* Settings::room_service(std::string_view domain) const {
  const auto found = rooms_by_domain_.find(domain);
  return found == rooms_by_domain_.end() ? nullptr : &rooms_[found->second];
}

}  // namespace router
