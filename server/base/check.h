// Our own invariants. Never for anything that a peer, a file or an operator can cause.
#pragma once

#include <source_location>

namespace base {

/// Aborts with file and line when `holds` is false.
void check(bool holds, const char* invariant, std::source_location where = std::source_location::current());

}  // namespace base
