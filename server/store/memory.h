// How much memory SQLite's page caches take in this process.
#pragma once

#include <cstdint>

namespace store {

/// About so many bytes for all databases together, instead of 2 MiB for each connection: beyond, pages are reused. For
/// a process that writes a log and hardly reads. Before or after stores are opened.
void bound_memory(std::int64_t bytes);

}  // namespace store
