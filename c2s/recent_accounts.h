// Accounts that were looked up lately: most logins are those of clients that come back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>

#include "stream/scram_keys.h"

namespace c2s {

/// One thread's. What is kept is as old as the store's count of changes to accounts that came with it; one that has
/// moved on finds nothing. Only keys that were found are kept, so that guessing names drives nobody out.
class RecentAccounts {
 public:
  static constexpr std::size_t kMost = 256;

  /// What a login needs of one: the keys for the hash that it asked for last.
  struct Known {
    bool disabled = false;
    stream::ScramKeys keys;
  };
  /// Null if it is not here, or accounts have changed since. Valid until the next keep().
  const Known* find(std::string_view owner, std::uint64_t changes);
  /// As read after the store's count was `changes`. The one not asked for longest makes room.
  void keep(std::string_view owner, Known known, std::uint64_t changes);

 private:
  struct Entry {
    std::string owner;
    Known known;
    std::uint64_t changes;
  };
  std::list<Entry> entries_;  ///< the last asked for first
  std::unordered_map<std::string_view, std::list<Entry>::iterator> by_owner_;
};

}  // namespace c2s
