#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace base {

void check(bool holds, const char* invariant, std::source_location where) {
  if (holds) return;
  std::fprintf(stderr, "%s:%u: broken invariant: %s\n", where.file_name(), static_cast<unsigned>(where.line()),
               invariant);
  std::abort();
}

}  // namespace base
