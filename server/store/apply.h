// Rows turned into SQL.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "store/database.h"
#include "store/rows.h"

namespace store {

/// Runs inside the transaction that the caller began. Writer thread.
base::Result<void> apply(Database& database, const Row& row);

/// A list of texts in one column: each ends with NUL, which XML text cannot contain.
std::string join(const std::vector<std::string>& texts);
std::vector<std::string> split(std::string_view joined);

}  // namespace store
