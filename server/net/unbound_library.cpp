#include "net/unbound_library.h"

#include <dlfcn.h>

namespace net {
namespace {

constexpr const char* kName = "libunbound.so.8";

template <class Function>
bool find(void* library, const char* name, Function& function) {
  function = reinterpret_cast<Function>(dlsym(library, name));
  return function != nullptr;
}

/// Never unloaded: a thread of its own may be running in it.
const UnboundLibrary* load() {
  static UnboundLibrary made;
  void* library = dlopen(kName, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return nullptr;
  const bool whole =
      find(library, "ub_ctx_create", made.ctx_create) && find(library, "ub_ctx_delete", made.ctx_delete) &&
      find(library, "ub_ctx_debugout", made.ctx_debugout) && find(library, "ub_ctx_async", made.ctx_async) &&
      find(library, "ub_ctx_set_option", made.ctx_set_option) &&
      find(library, "ub_ctx_resolvconf", made.ctx_resolvconf) && find(library, "ub_ctx_set_fwd", made.ctx_set_fwd) &&
      find(library, "ub_ctx_add_ta_file", made.ctx_add_ta_file) && find(library, "ub_fd", made.fd) &&
      find(library, "ub_process", made.process) && find(library, "ub_resolve_async", made.resolve_async) &&
      find(library, "ub_resolve_free", made.resolve_free) && find(library, "ub_cancel", made.cancel) &&
      find(library, "ub_strerror", made.strerror);
  return whole ? &made : nullptr;
}

}  // namespace

const UnboundLibrary* UnboundLibrary::get() {
  static const UnboundLibrary* const library = load();
  return library;
}

}  // namespace net
