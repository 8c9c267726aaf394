// A SQLite VFS over the platform's whose writes can be made to fail, as on a full or broken disk.
#pragma once

#include <sqlite3.h>

#include <atomic>

namespace sim {

/// What writes and syncs answer from now on; SQLITE_OK lets them through. Any thread.
inline std::atomic<int> vfs_failure{SQLITE_OK};
inline constexpr const char* kFaultyVfs = "exedra-faulty";

namespace faulty {

inline sqlite3_vfs* real = nullptr;
inline const sqlite3_io_methods* real_methods = nullptr;
inline sqlite3_io_methods methods;

inline int write(sqlite3_file* file, const void* data, int size, sqlite3_int64 offset) {
  const int failure = vfs_failure.load();
  return failure != SQLITE_OK ? failure : real_methods->xWrite(file, data, size, offset);
}

inline int sync(sqlite3_file* file, int flags) {
  return vfs_failure.load() != SQLITE_OK ? SQLITE_IOERR_FSYNC : real_methods->xSync(file, flags);
}

// The file object stays the platform's; only its table of functions is exchanged for a patched copy.
inline int open(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* given) {
  const int code = real->xOpen(real, name, file, flags, given);
  if (code != SQLITE_OK || file->pMethods == nullptr) return code;
  if (real_methods == nullptr) {
    real_methods = file->pMethods;
    methods = *real_methods;
    methods.xWrite = &write;
    methods.xSync = &sync;
  }
  if (file->pMethods == real_methods) file->pMethods = &methods;
  return code;
}

}  // namespace faulty

/// Before the first use of kFaultyVfs; again is harmless. Test's main thread.
inline void register_faulty_vfs() {
  if (faulty::real != nullptr) return;
  faulty::real = sqlite3_vfs_find(nullptr);
  static sqlite3_vfs vfs = *faulty::real;
  vfs.zName = kFaultyVfs;
  vfs.pNext = nullptr;
  vfs.xOpen = &faulty::open;
  sqlite3_vfs_register(&vfs, 0);
}

}  // namespace sim
