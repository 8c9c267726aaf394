// The rows one stanza must leave: all of them are committed, or none.
#pragma once

#include <utility>
#include <vector>

#include "base/ref.h"
#include "store/rows.h"

namespace store {

/// Let go when a unit's rows are durable or have failed, on the thread that lets the unit go.
class Watcher : public base::Held {
 public:
  bool durable = false;  ///< set before: the rows are in the store
};

/// Filled by one thread at a time, then given to Store::write and not changed again. A packet's ticket is always one.
class Unit : public base::Held {
 public:
  Unit();
  ~Unit() override;
  void add(Row row);
  /// Will whoever sent the stanza forget it once the rows are durable? Then its delivery must survive a crash.
  virtual bool promised() const { return true; }
  bool empty() const { return rows_.empty(); }
  /// Applied in the order added.
  const std::vector<Row>& rows() const { return rows_; }
  /// All its rows were taken back: it need not be written.
  bool needless() const;
  /// `watcher` is let go when the rows are durable or have failed.
  void attach(base::Ref<Watcher> watcher) { watchers_.push_back(std::move(watcher)); }
  /// Committed: by the writer, where it reports.
  void mark_durable() {
    for (const auto& watcher : watchers_) watcher->durable = true;
  }

 protected:
  /// All it has, in a unit of its own; null if it has nothing.
  base::Ref<Unit> heir() {
    if (rows_.empty() && watchers_.empty()) return {};
    auto heir = base::make_ref<Unit>();
    heir->rows_ = std::move(rows_);
    heir->watchers_ = std::move(watchers_);
    return heir;
  }

  std::vector<Row> rows_;

 private:
  std::vector<base::Ref<Watcher>> watchers_;
};

using UnitRef = base::Ref<Unit>;

/// The unit behind a packet's ticket or a passage's rows: the bus may not know what it carries.
inline Unit& unit_of(base::Held& held) { return static_cast<Unit&>(held); }

}  // namespace store
