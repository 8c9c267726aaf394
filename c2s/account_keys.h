// SCRAM keys as the store keeps them and as the SASL mechanisms use them: two types, because neither folder may know
// the other.
#pragma once

#include <optional>
#include <vector>

#include "store/rows.h"
#include "stream/scram_keys.h"

namespace c2s {

store::ScramKeys to_row(const stream::ScramKeys& keys);
/// The keys for `hash`; nothing if the account has none, or a damaged record of them.
std::optional<stream::ScramKeys> find_keys(const std::vector<store::ScramKeys>& rows, stream::Hash hash);

}  // namespace c2s
