// Which hashes have a file on disk for good: uploads that are about to give a name and removals that are about to take
// one find each other here (docs/decisions/0008-uploads.md).
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/executor.h"
#include "base/loop.h"
#include "store/store.h"
#include "web/file_store.h"

namespace web {

/// One loop's; everything on its thread.
class Names {
 public:
  /// `executor` has one thread: what gives and takes names comes one after the other.
  Names(base::Loop& loop, store::Store& store, FileStore files, base::Executor& executor)
      : loop_(loop), store_(store), files_(std::move(files)), executor_(executor) {}

  /// Its file stays until release().
  void hold(const std::string& hash);
  void release(const std::string& hash);
  /// Removes the files of those that no upload has, and nobody holds. `done` in a later step.
  void remove_unused(std::vector<std::string> hashes, base::Fn<void()> done);
  /// Of one of FileStore's folders: what no upload has and nobody holds is set aside, because it may be the store that
  /// has lost something. What was set aside comes back if an upload has it, and goes after kLost. `done` in a later
  /// step.
  void sort_out(unsigned folder, base::Fn<void()> done);

  const FileStore& files() const { return files_; }
  base::Executor& executor() const { return executor_; }
  static constexpr std::chrono::hours kLost{24 * 30};

 private:
  using Hashes = std::unordered_set<std::string>;
  struct Sorting;

  void find_unused(const std::vector<std::string>& hashes, base::Fn<void(base::Result<Hashes>)> then);
  void remove(Hashes hashes, base::Fn<void()> done);
  void sort_out(Sorting found, base::Fn<void()> done);
  static void move(const FileStore& files, const Sorting& found, const Hashes& unused, base::WallTime now);

  base::Loop& loop_;
  store::Store& store_;
  FileStore files_;
  base::Executor& executor_;
  std::unordered_map<std::string, std::size_t> held_;  ///< by how many
  std::vector<std::shared_ptr<Hashes>> questions_;     ///< the store is being asked for these
};

}  // namespace web
