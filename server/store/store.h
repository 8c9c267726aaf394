// What is durable, behind one door. Nothing here makes its caller wait, except open() at start-up.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include "base/executor.h"
#include "base/function.h"
#include "base/locked_queue.h"
#include "base/loop.h"
#include "base/result.h"
#include "store/reader.h"
#include "store/unit.h"
#include "store/writer.h"

namespace store {

/// When the whole file is read at start-up to find damage; what is damaged is salvaged (store/salvage.h).
enum class Check : std::uint8_t { never, after_crash, always };

struct Options {
  bool survive_power_cut = false;  ///< durability='power': every commit waits for the disk
  Check check = Check::after_crash;
  std::size_t queue_units = 50000;  ///< units that may wait for their commit; more than clients have stanzas under way
  std::string vfs;                  ///< for tests: a SQLite VFS that injects faults
};

class Store {
 public:
  /// Opens or creates the file, checks it and brings its schema up to date. Blocks; at start-up only.
  /// `writing` runs one job at a time; `reading` may have several threads; `moving` moves the log into the file, null
  /// for `reading`. All outlive the store's last job.
  static base::Result<std::unique_ptr<Store>> open(const std::string& path, const Options& options,
                                                   base::Executor& writing, base::Executor& reading,
                                                   base::Executor* moving = nullptr);

  /// See Writer::write. From any thread.
  void write(UnitRef unit, base::Loop& home, Writer::Done done) {
    writer_->write(std::move(unit), home, std::move(done));
  }

  /// Runs `job(Reader&)`, which gives a Result, on the reading executor; `done` gets that Result on `home`.
  /// The job sees every unit that was given to write() before this call. From any thread.
  template <class Job, class Done>
  void read(base::Loop& home, Job job, Done done) {
    using Outcome = std::invoke_result_t<Job&, Reader&>;
    submit([&home, job = std::move(job), done = std::move(done)](Database* database, const base::Error& why) mutable {
      std::unique_ptr<Outcome> outcome;
      if (database == nullptr) {
        outcome = std::make_unique<Outcome>(std::unexpected(why));
      } else {
        Reader reader(*database);
        outcome = std::make_unique<Outcome>(job(reader));
      }
      home.post([done = std::move(done), outcome = std::move(outcome)]() mutable { done(std::move(*outcome)); });
    });
  }

  /// Writes a copy as of one instant to `path` while reads and writes go on.
  void backup(std::string path, base::Loop& home, Writer::Done done);

 private:
  /// Gets a connection inside a read transaction, or none and why.
  using Task = base::Fn<void(Database*, const base::Error&)>;

  /// Read-only connections not in use; a job takes one or opens one more.
  struct Readers;

  Store(std::shared_ptr<Writer> writer, std::shared_ptr<Readers> readers, base::Executor& reading);
  void submit(Task task);

  std::shared_ptr<Writer> writer_;
  std::shared_ptr<Readers> readers_;
  base::Executor& reading_;
};

}  // namespace store
