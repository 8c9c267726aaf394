// Moves what commits have left in SQLite's log into the database file, beside them: a checkpoint waits for the disk,
// and inside a commit everybody who awaits that commit would wait with it.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "base/executor.h"
#include "store/database.h"

namespace store {

/// committed() for the writer's thread; the work on the executor, which outlives its last job.
class Checkpointer : public std::enable_shared_from_this<Checkpointer> {
 public:
  static constexpr int kPages = 16000;  ///< in the log before one begins: a quarter of the work for each row of 1,000
  static constexpr int kMost = 64000;   ///< in the log (256 MiB) before commits wait after all
  static constexpr int kFew = 250;      ///< the writer moves itself, so that the log can begin anew
  static constexpr int kStep = 50;      ///< between two attempts, where a reader stops the first

  Checkpointer(std::string path, DatabaseOptions how, base::Executor& executor)
      : path_(std::move(path)), how_(std::move(how)), executor_(executor) {}

  /// After each commit, which it never makes fail. `writer` is the only connection that writes.
  void committed(Database& writer);

 private:
  void run();
  void move(Database& database);

  const std::string path_;
  const DatabaseOptions how_;
  base::Executor& executor_;
  int tried_ = 0;            ///< pages in the log at the last attempt; the writer's
  std::atomic_flag moving_;  ///< one at a time; who comes second waits for the disk
  std::atomic<bool> under_way_ = false;
  std::atomic<int> moved_ = 0;          ///< pages of the present log that the file has
  std::unique_ptr<Database> database_;  ///< the executor's
};

}  // namespace store
