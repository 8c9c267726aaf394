// libunbound, loaded with the first question: a process that never asks the DNS hasn't it in memory.
#pragma once

#include <unbound.h>

namespace net {

/// Its functions, under their own names.
struct UnboundLibrary {
  decltype(&ub_ctx_create) ctx_create = nullptr;
  decltype(&ub_ctx_delete) ctx_delete = nullptr;
  decltype(&ub_ctx_debugout) ctx_debugout = nullptr;
  decltype(&ub_ctx_async) ctx_async = nullptr;
  decltype(&ub_ctx_set_option) ctx_set_option = nullptr;
  decltype(&ub_ctx_resolvconf) ctx_resolvconf = nullptr;
  decltype(&ub_ctx_set_fwd) ctx_set_fwd = nullptr;
  decltype(&ub_ctx_add_ta_file) ctx_add_ta_file = nullptr;
  decltype(&ub_fd) fd = nullptr;
  decltype(&ub_process) process = nullptr;
  decltype(&ub_resolve_async) resolve_async = nullptr;
  decltype(&ub_resolve_free) resolve_free = nullptr;
  decltype(&ub_cancel) cancel = nullptr;
  decltype(&ub_strerror) strerror = nullptr;

  /// Null if it isn't installed. Any thread.
  static const UnboundLibrary* get();
};

}  // namespace net
