// Rows turned into SQL.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "store/database.h"
#include "store/rows.h"

namespace store {

/// Runs inside the transaction that the caller began. Writer thread.
base::Result<void> apply(Database& database, const Row& row);
/// The first of `rows`, and with it those after it that the same statement takes; gives how many that were.
base::Result<std::size_t> apply_first(Database& database, std::span<const Row> rows);

/// A list of texts in one column: each ends with NUL, which XML text cannot contain.
std::string join(const std::vector<std::string>& texts);
std::vector<std::string> split(std::string_view joined);

}  // namespace store
