// The rows one stanza must leave: all of them are committed, or none.
#pragma once

#include <utility>
#include <vector>

#include "base/ref.h"
#include "store/rows.h"

namespace store {

/// Filled by one thread, then given to Store::write and not changed again.
class Unit : public base::Held {
 public:
  void add(Row row) { rows_.push_back(std::move(row)); }
  bool empty() const { return rows_.empty(); }
  /// Applied in the order added.
  const std::vector<Row>& rows() const { return rows_; }

 private:
  std::vector<Row> rows_;
};

using UnitRef = base::Ref<Unit>;

}  // namespace store
