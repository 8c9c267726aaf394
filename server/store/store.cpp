#include "store/store.h"

#include <filesystem>

#include "base/log.h"
#include "store/salvage.h"
#include "store/schema.h"
#include "store/wal_check.h"

namespace store {
namespace {

constexpr std::size_t kIdleReaders = 16;  // connections kept open; more are closed after use
constexpr int kReaderCache = 256;         // KiB of pages for each; beyond, the system's cache serves as well

/// SQLite removes its log when the last connection closes: one that is there tells of a crash.
bool ended_uncleanly(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::file_size(path + "-wal", ignored) > 0 && !ignored;
}

void report_wal(const std::string& path) {
  const auto damage = find_wal_damage(path);
  if (!damage) return;
  base::log::warning(
      "store_log_damaged",
      {{"file", path + "-wal"}, {"first_bad_frame", damage->first_frame}, {"frames_lost", damage->lost_frames}});
}

/// An open and sound database; one that is not sound is salvaged first.
base::Result<std::unique_ptr<Database>> open_sound(const std::string& path, const DatabaseOptions& how, bool check) {
  auto database = Database::open(path, how);
  if (!database || !check) return database;
  auto sound = check_integrity(**database);
  if (sound) return database;
  base::log::error("store_damaged", {{"file", path}, {"why", sound.error().what}});
  database->reset();
  auto saved = salvage(path);
  if (!saved) return std::unexpected(saved.error().in("salvaging"));
  base::log::warning(
      "store_salvaged",
      {{"rows", saved->rows}, {"tables_with_losses", saved->tables_cut}, {"damaged_file", saved->damaged_file}});
  return Database::open(path, how);
}

}  // namespace

struct Store::Readers {
  Readers(std::string file, DatabaseOptions how) : path(std::move(file)), options(std::move(how)), idle(kIdleReaders) {}

  // The transaction makes one snapshot of all that the task reads.
  void run(Task& task) {
    auto taken = idle.take(1);
    std::unique_ptr<Database> database;
    if (!taken.empty()) {
      database = std::move(taken.front());
    } else {
      auto opened = Database::open(path, options);
      if (!opened) return task(nullptr, opened.error().in("reading"));
      database = std::move(*opened);
    }
    if (auto begun = database->run("BEGIN"); !begun) return task(nullptr, begun.error().in("reading"));
    task(database.get(), {});
    database->rollback();
    idle.push(database);
  }

  const std::string path;
  const DatabaseOptions options;
  base::LockedQueue<std::unique_ptr<Database>> idle;
};

Store::Store(std::shared_ptr<Writer> writer, std::shared_ptr<Readers> readers, base::Executor& reading)
    : writer_(std::move(writer)), readers_(std::move(readers)), reading_(reading) {}

base::Result<std::unique_ptr<Store>> Store::open(const std::string& path, const Options& options,
                                                 base::Executor& writing, base::Executor& reading,
                                                 base::Executor* moving) {
  DatabaseOptions how{.full_sync = options.survive_power_cut, .vfs = options.vfs};
  const bool crashed = ended_uncleanly(path);
  if (crashed) report_wal(path);
  auto database =
      open_sound(path, how, options.check == Check::always || (options.check == Check::after_crash && crashed));
  if (!database) return std::unexpected(database.error());
  if (auto migrated = migrate(**database); !migrated) return std::unexpected(migrated.error().in(path));
  auto checkpointer = std::make_shared<Checkpointer>(path, how, moving != nullptr ? *moving : reading);
  auto writer = std::make_shared<Writer>(std::move(*database), std::move(checkpointer), writing, options.queue_units);
  how.read_only = true;
  how.cache_kib = kReaderCache;
  auto readers = std::make_shared<Readers>(path, how);
  return std::unique_ptr<Store>(new Store(std::move(writer), std::move(readers), reading));
}

// Behind the units that wait, so that a read sees them.
void Store::submit(Task task) {
  auto shared = std::make_shared<Task>(std::move(task));
  const bool queued = writer_->after_pending([readers = readers_, &reading = reading_, shared] {
    reading.submit([readers, shared] { readers->run(*shared); });
  });
  if (!queued) (*shared)(nullptr, {"reading: the store's queue is full"});
}

void Store::backup(std::string path, base::Loop& home, Writer::Done done) {
  submit([path = std::move(path), &home, done = std::move(done)](Database* database, const base::Error& why) mutable {
    base::Result<void> outcome = std::unexpected(why);
    if (database != nullptr) outcome = database->backup(path);
    home.post([done = std::move(done), outcome = std::move(outcome)]() mutable { done(std::move(outcome)); });
  });
}

}  // namespace store
