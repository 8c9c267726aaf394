// The rows one stanza must leave: all of them are committed, or none.
#pragma once

#include <utility>
#include <vector>

#include "base/ref.h"
#include "store/rows.h"

namespace store {

/// Filled by one thread at a time, then given to Store::write and not changed again. A packet's ticket is always one.
class Unit : public base::Held {
 public:
  void add(Row row) { rows_.push_back(std::move(row)); }
  bool empty() const { return rows_.empty(); }
  /// Applied in the order added.
  const std::vector<Row>& rows() const { return rows_; }

 protected:
  std::vector<Row> rows_;
};

using UnitRef = base::Ref<Unit>;

/// The unit behind a packet's ticket or a passage's rows: the bus may not know what it carries.
inline Unit& unit_of(base::Held& held) { return static_cast<Unit&>(held); }

}  // namespace store
