// A SQLite VFS over the platform's whose reads and writes can be made to fail, as on a full or broken disk.
#pragma once

#include <sqlite3.h>

#include <array>
#include <atomic>
#include <cstdlib>

namespace sim {

/// What writes and syncs answer from now on; SQLITE_OK lets them through. With SQLITE_IOERR_FSYNC only syncs fail,
/// with SQLITE_IOERR_READ only reads. Any thread.
inline std::atomic<int> vfs_failure{SQLITE_OK};
/// After so many writes nothing reaches the disk any more, as if the process had been killed there.
inline constexpr int kUnlimited = -1;
inline std::atomic<int> vfs_writes_left{kUnlimited};
inline constexpr const char* kFaultyVfs = "exedra-faulty";

namespace faulty {

inline sqlite3_vfs* real = nullptr;

/// One of the platform's tables of functions and its patched copy: it has one for databases and one for logs.
struct Table {
  const sqlite3_io_methods* original = nullptr;
  sqlite3_io_methods patched{};
};
inline std::array<Table, 4> tables;

inline const sqlite3_io_methods* original(const sqlite3_file* file) {
  for (const Table& table : tables) {
    if (file->pMethods == &table.patched) return table.original;
  }
  std::abort();
}

inline int write(sqlite3_file* file, const void* data, int size, sqlite3_int64 offset) {
  const int failure = vfs_failure.load();
  if (failure != SQLITE_OK && failure != SQLITE_IOERR_FSYNC && failure != SQLITE_IOERR_READ) return failure;
  if (vfs_writes_left == 0) return SQLITE_IOERR_WRITE;
  if (vfs_writes_left > 0) --vfs_writes_left;
  return original(file)->xWrite(file, data, size, offset);
}

inline int read(sqlite3_file* file, void* data, int size, sqlite3_int64 offset) {
  if (vfs_failure == SQLITE_IOERR_READ) return SQLITE_IOERR_READ;
  return original(file)->xRead(file, data, size, offset);
}

inline int truncate(sqlite3_file* file, sqlite3_int64 size) {
  return vfs_writes_left == 0 ? SQLITE_IOERR_TRUNCATE : original(file)->xTruncate(file, size);
}

inline int sync(sqlite3_file* file, int flags) {
  const int failure = vfs_failure.load();
  const bool fails = (failure != SQLITE_OK && failure != SQLITE_IOERR_READ) || vfs_writes_left == 0;
  return fails ? SQLITE_IOERR_FSYNC : original(file)->xSync(file, flags);
}

inline int remove(sqlite3_vfs* vfs, const char* name, int sync_folder) {
  return vfs_writes_left == 0 ? SQLITE_IOERR_DELETE : real->xDelete(vfs, name, sync_folder);
}

// The file object stays the platform's; only its table of functions is exchanged. Opening is for one thread.
inline int open(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* given) {
  const int code = real->xOpen(real, name, file, flags, given);
  if (code != SQLITE_OK || file->pMethods == nullptr) return code;
  for (Table& table : tables) {
    if (table.original == nullptr) {
      table.original = file->pMethods;
      table.patched = *file->pMethods;
      table.patched.xRead = &read;
      table.patched.xWrite = &write;
      table.patched.xSync = &sync;
      table.patched.xTruncate = &truncate;
    }
    if (table.original != file->pMethods) continue;
    file->pMethods = &table.patched;
    return code;
  }
  std::abort();
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
  vfs.xDelete = &faulty::remove;
  sqlite3_vfs_register(&vfs, 0);
}

}  // namespace sim
