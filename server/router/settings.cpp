#include "router/settings.h"

#include <algorithm>
#include <utility>

namespace router {
namespace {

template <class Number>
Number less(Number one, Number other) {
  if (one == Number{} || other == Number{}) return std::max(one, other);
  return std::min(one, other);
}

}  // namespace

Retention stricter(const Retention& one, const Retention& other) {
  return {less(one.days, other.days), less(one.messages, other.messages), less(one.bytes, other.bytes)};
}

const Retention& HostSettings::retention_of(std::string_view local) const {
  for (const AccountClass& one : classes) {
    if (std::ranges::find(one.accounts, local) != one.accounts.end() ||
        std::ranges::any_of(one.prefixes, [&](const std::string& prefix) { return local.starts_with(prefix); }))
      return one.retention;
  }
  return retention;
}

Settings::Settings(std::vector<HostSettings> hosts, Limits limits, std::vector<RoomService> rooms,
                   std::vector<xmpp::Jid> services)
    : hosts_(std::move(hosts)), rooms_(std::move(rooms)), services_(std::move(services)), limits_(limits) {
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
