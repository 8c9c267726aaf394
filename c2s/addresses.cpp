#include "c2s/addresses.h"

#include <algorithm>
#include <utility>

namespace c2s {
namespace {

constexpr std::chrono::seconds kWindow{60};
constexpr std::chrono::hours kHour{1};

}  // namespace

Addresses::Admission Addresses::admit(Ticket ticket, const std::string& address, const router::Limits& limits) {
  Address& known = *addresses_.try_emplace(address).first;
  Entry& entry = known.second;
  if (entry.connections >= limits.max_connections_per_address) return {};
  ++entry.connections;
  const std::uint64_t place = next_++;
  connections_.emplace(ticket, Connection{&known, place});
  waiting_.emplace(place, ticket);
  if (waiting_.size() <= limits.max_unauthenticated) return {.admitted = true};
  const Ticket oldest = waiting_.begin()->second;
  logged_in(oldest);  // it waits no more, whatever comes of it
  return {.admitted = true, .dropped = oldest};
}

void Addresses::logged_in(Ticket ticket) {
  const auto found = connections_.find(ticket);
  if (found == connections_.end()) return;
  waiting_.erase(std::exchange(found->second.waiting, 0));
}

void Addresses::release(Ticket ticket) {
  logged_in(ticket);
  const auto found = connections_.find(ticket);
  if (found == connections_.end()) return;
  auto& [address, entry] = *found->second.address;
  const bool blank = entry.busy_until == base::MonoTime{} && entry.registered_until == base::MonoTime{};
  if (--entry.connections == 0 && blank) addresses_.erase(address);
  connections_.erase(found);
}

void Addresses::failed(Ticket ticket, base::MonoTime now, const router::Limits& limits) {
  const auto found = connections_.find(ticket);
  if (found == connections_.end()) return;
  if (addresses_.size() >= sweep_at_) forget_idle(now);
  Entry& entry = found->second.address->second;
  const base::Duration each = base::Duration(kWindow) / std::max<std::uint32_t>(1, limits.failed_logins_per_minute);
  entry.busy_until = std::min(std::max(entry.busy_until, now) + each, now + kWindow + kLongestDelay);
}

base::Duration Addresses::delay(Ticket ticket, base::MonoTime now) const {
  const auto found = connections_.find(ticket);
  if (found == connections_.end()) return {};
  return std::max(base::Duration::zero(), found->second.address->second.busy_until - now - kWindow);
}

bool Addresses::take_registration(Ticket ticket, base::MonoTime now, const router::Limits& limits) {
  const auto found = connections_.find(ticket);
  if (found == connections_.end() || limits.registrations_per_hour == 0) return false;
  if (addresses_.size() >= sweep_at_) forget_idle(now);
  Entry& entry = found->second.address->second;
  const base::Duration each = base::Duration(kHour) / limits.registrations_per_hour;
  const base::MonoTime until = std::max(entry.registered_until, now) + each;
  if (until > now + kHour) return false;
  entry.registered_until = until;
  return true;
}

void Addresses::forget_idle(base::MonoTime now) {
  std::erase_if(addresses_, [now](const auto& each) {
    const Entry& entry = each.second;
    return entry.connections == 0 && std::max(entry.busy_until, entry.registered_until) <= now;
  });
  sweep_at_ = std::max<std::size_t>(1024, 2 * addresses_.size());
}

}  // namespace c2s
