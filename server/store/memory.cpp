#include "store/memory.h"

#include <sqlite3.h>

namespace store {

void bound_memory(std::int64_t bytes) { sqlite3_soft_heap_limit64(bytes); }

}  // namespace store
