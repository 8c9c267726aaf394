#include "c2s/recent_accounts.h"

#include <utility>

namespace c2s {

const RecentAccounts::Known* RecentAccounts::find(std::string_view owner, std::uint64_t changes) {
  const auto found = by_owner_.find(owner);
  if (found == by_owner_.end() || found->second->changes != changes) return nullptr;
  entries_.splice(entries_.begin(), entries_, found->second);
  return &found->second->known;
}

void RecentAccounts::keep(std::string_view owner, Known known, std::uint64_t changes) {
  if (const auto before = by_owner_.find(owner); before != by_owner_.end()) {
    const auto entry = before->second;
    by_owner_.erase(before);
    entries_.erase(entry);
  } else if (entries_.size() == kMost) {
    by_owner_.erase(entries_.back().owner);
    entries_.pop_back();
  }
  entries_.push_front({std::string(owner), std::move(known), changes});
  by_owner_.emplace(entries_.front().owner, entries_.begin());
}

}  // namespace c2s
