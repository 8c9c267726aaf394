// Versions of a room's affiliations, so that clients learn only what changed while they were away (XEP-0463).
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "muc/behaviour.h"
#include "store/rows.h"

namespace muc {

void add_affiliation_versions(const Environment& environment);

/// What of the affiliations somebody may see (XEP-0045 5.2.1): members no outcasts.
enum class View : std::uint8_t { none, members, all };

/// The last changes of one room's affiliations. A version is the number of the last change in a view with that
/// change's random mark, so a change that a crash took back is never taken for the one that follows it.
class ChangeLog {
 public:
  /// What was before the first change, or can't be told any more: known as long as this lasts.
  ChangeLog(std::int64_t number, std::string mark) : all_{number, mark}, members_{number, std::move(mark)} {}

  /// The next one; `change.number` is set.
  const store::RoomChange& add(store::RoomChange change);
  /// One that the store has, ascending.
  void restore(store::RoomChange change);

  /// Of the state before or, as it is now, behind the last change.
  std::string version(View view, bool before_last = false) const;
  /// The number that a version stands for, if it is one of this view's.
  std::optional<std::int64_t> find(std::string_view version, View view) const;
  /// Whose places changed later.
  std::set<std::string_view> changed_since(std::int64_t number, View view) const;
  const std::deque<store::RoomChange>& changes() const { return changes_; }

 private:
  struct Base {
    std::int64_t number = 0;
    std::string mark;
  };
  const Base& base(View view) const { return view == View::all ? all_ : members_; }

  std::deque<store::RoomChange> changes_;
  Base all_, members_;  // before the first of these, in each view
};

}  // namespace muc
