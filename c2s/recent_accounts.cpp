#include "c2s/recent_accounts.h"

#include <utility>

namespace c2s {

const store::Account* RecentAccounts::find(std::string_view owner, std::uint64_t changes) {
  const auto found = by_owner_.find(owner);
  if (found == by_owner_.end() || found->second->changes != changes) return nullptr;
  entries_.splice(entries_.begin(), entries_, found->second);
  return &found->second->account;
}

void RecentAccounts::keep(store::Account account, std::uint64_t changes) {
  std::string owner = account.owner();
  if (const auto before = by_owner_.find(owner); before != by_owner_.end()) {
    const auto entry = before->second;
    by_owner_.erase(before);
    entries_.erase(entry);
  } else if (entries_.size() == kMost) {
    by_owner_.erase(entries_.back().owner);
    entries_.pop_back();
  }
  entries_.push_front({std::move(owner), std::move(account), changes});
  by_owner_.emplace(entries_.front().owner, entries_.begin());
}

}  // namespace c2s
