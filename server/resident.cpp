#include "resident.h"

#include <link.h>
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>

namespace {

/// Only what can't have been written: that is in its file as it is in memory.
int let_go_of_code(dl_phdr_info* object, std::size_t, void*) {
  const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
  for (int i = 0; i < object->dlpi_phnum; ++i) {
    const ElfW(Phdr)& part = object->dlpi_phdr[i];
    if (part.p_type != PT_LOAD || (part.p_flags & PF_X) == 0 || (part.p_flags & PF_W) != 0) continue;
    const std::uintptr_t begin = (object->dlpi_addr + part.p_vaddr) / page * page;
    const std::uintptr_t end = object->dlpi_addr + part.p_vaddr + part.p_memsz;
    // NOLINTNEXTLINE(performance-no-int-to-ptr): that is how the linker has it
    madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);  // a hint: it may fail
  }
  return 0;
}

}  // namespace

void let_go_of_the_start() {
  dl_iterate_phdr(let_go_of_code, nullptr);
  malloc_trim(0);
}
