#include "store/database.h"

#include <filesystem>
#include <system_error>

namespace store {

Statement::~Statement() {
  if (native_ == nullptr) return;
  sqlite3_reset(native_);
  sqlite3_clear_bindings(native_);
}

// A bind fails only for want of memory or for a wrong index; the first failure is reported by step().
void Statement::bind(int index, std::string_view text) {
  const char* data = text.data() != nullptr ? text.data() : "";
  const int code = sqlite3_bind_text64(native_, index, data, text.size(), SQLITE_STATIC, SQLITE_UTF8);
  if (bind_error_ == SQLITE_OK) bind_error_ = code;
}

void Statement::bind(int index, Blob blob) {
  const char* data = blob.bytes.data() != nullptr ? blob.bytes.data() : "";
  const int code = sqlite3_bind_blob64(native_, index, data, blob.bytes.size(), SQLITE_STATIC);
  if (bind_error_ == SQLITE_OK) bind_error_ = code;
}

void Statement::bind(int index, std::int64_t number) {
  const int code = sqlite3_bind_int64(native_, index, number);
  if (bind_error_ == SQLITE_OK) bind_error_ = code;
}

void Statement::bind(int index, std::nullopt_t) {
  const int code = sqlite3_bind_null(native_, index);
  if (bind_error_ == SQLITE_OK) bind_error_ = code;
}

base::Result<bool> Statement::step() {
  const char* sql = sqlite3_sql(native_);
  if (bind_error_ != SQLITE_OK)
    return base::failure(std::string("binding ") + sql + ": " + sqlite3_errstr(bind_error_));
  const int code = sqlite3_step(native_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return std::unexpected(database_->error(sql));
}

base::Result<void> Statement::run() {
  auto stepped = step();
  if (!stepped) return std::unexpected(stepped.error());
  return {};
}

bool Statement::copy_row(const Statement& source) {
  sqlite3_reset(native_);
  for (int i = 0; i < source.columns(); ++i)
    sqlite3_bind_value(native_, i + 1, sqlite3_column_value(source.native_, i));
  return sqlite3_step(native_) == SQLITE_DONE;
}

std::string Statement::text(int column) const {
  const void* data = sqlite3_column_blob(native_, column);
  const int size = sqlite3_column_bytes(native_, column);
  if (data == nullptr) return {};
  return {static_cast<const char*>(data), static_cast<std::size_t>(size)};
}

std::int64_t Statement::number(int column) const { return sqlite3_column_int64(native_, column); }

bool Statement::null(int column) const { return sqlite3_column_type(native_, column) == SQLITE_NULL; }

base::Result<std::unique_ptr<Database>> Database::open(const std::string& path, const DatabaseOptions& options) {
  const int mode = options.read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  sqlite3* native = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &native, mode | SQLITE_OPEN_NOMUTEX,
                                   options.vfs.empty() ? nullptr : options.vfs.c_str());
  if (native == nullptr) return base::failure("opening " + path + ": out of memory");
  std::unique_ptr<Database> database(new Database(native, path));
  sqlite3_extended_result_codes(native, 1);
  if (code != SQLITE_OK) return std::unexpected(database->error("opening"));
  if (auto configured = database->configure(options); !configured) {
    return std::unexpected(configured.error().in("opening"));
  }
  return database;
}

base::Result<void> Database::configure(const DatabaseOptions& options) {
  sqlite3_busy_timeout(native_, options.busy_milliseconds);
  const std::string cache = "PRAGMA cache_size = -" + std::to_string(options.cache_kib) + ';';
  if (options.read_only) return exec(cache + "PRAGMA query_only = 1");
  // In place of SQLite's own checkpoints, which it makes within a commit (store/checkpointer.h).
  sqlite3_wal_hook(native_, on_commit, this);
  // What was removed is overwritten, so that no backup holds it (SECURITY N04).
  return exec(cache + "PRAGMA journal_mode = WAL; PRAGMA secure_delete = ON; PRAGMA synchronous = " +
              (options.full_sync ? "FULL" : "NORMAL"));
}

int Database::on_commit(void* self, sqlite3*, const char*, int pages) {
  static_cast<Database*>(self)->log_pages_ = pages;
  return SQLITE_OK;
}

base::Result<int> Database::checkpoint() {
  int moved = 0;
  const int code = sqlite3_wal_checkpoint_v2(native_, "main", SQLITE_CHECKPOINT_PASSIVE, nullptr, &moved);
  if (code != SQLITE_OK) return std::unexpected(error("moving the log into the file"));
  return moved;
}

base::Result<void> Database::sync() {
  sqlite3_file* file = nullptr;
  int code = sqlite3_file_control(native_, "main", SQLITE_FCNTL_FILE_POINTER, static_cast<void*>(&file));
  if (code == SQLITE_OK) code = file->pMethods->xSync(file, SQLITE_SYNC_NORMAL | SQLITE_SYNC_DATAONLY);
  if (code != SQLITE_OK) return base::failure(path_ + ": syncing: " + sqlite3_errstr(code));
  return {};
}

Database::~Database() {
  for (auto& [sql, statement] : statements_) sqlite3_finalize(statement);
  sqlite3_close_v2(native_);
}

base::Result<Statement> Database::prepare(std::string_view sql) {
  if (auto found = statements_.find(sql); found != statements_.end()) return Statement(*this, found->second);
  std::string key(sql);
  sqlite3_stmt* native = nullptr;
  const int code = sqlite3_prepare_v3(native_, key.c_str(), static_cast<int>(key.size()), SQLITE_PREPARE_PERSISTENT,
                                      &native, nullptr);
  if (code != SQLITE_OK) return std::unexpected(error("preparing " + key));
  statements_.emplace(std::move(key), native);
  return Statement(*this, native);
}

base::Result<void> Database::exec(const std::string& sql) {
  if (sqlite3_exec(native_, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK) return {};
  return std::unexpected(error(sql.substr(0, 80)));
}

base::Result<std::int64_t> Database::number(std::string_view sql) {
  auto statement = prepare(sql);
  if (!statement) return std::unexpected(statement.error());
  auto row = statement->step();
  if (!row) return std::unexpected(row.error());
  return *row ? statement->number(0) : 0;
}

void Database::rollback() {
  if (sqlite3_get_autocommit(native_) == 0) sqlite3_exec(native_, "ROLLBACK", nullptr, nullptr, nullptr);
}

base::Error Database::error(std::string_view doing) const {
  return {path_ + ": " + std::string(doing) + ": " + sqlite3_errmsg(native_) + " (SQLite " +
          std::to_string(sqlite3_extended_errcode(native_)) + ")"};
}

base::Result<void> Database::backup(const std::string& path) {
  const std::string part = path + ".part";
  std::error_code ignored;
  std::filesystem::remove(part, ignored);
  {
    sqlite3* target = nullptr;
    const int opened = sqlite3_open(part.c_str(), &target);
    std::unique_ptr<sqlite3, decltype(&sqlite3_close)> closer(target, &sqlite3_close);
    if (opened != SQLITE_OK) return base::failure("creating backup " + part + ": " + sqlite3_errstr(opened));
    sqlite3_backup* copy = sqlite3_backup_init(target, "main", native_, "main");
    if (copy == nullptr) return base::failure("starting backup " + part + ": " + sqlite3_errmsg(target));
    // One step copies under one read transaction: one instant, and writers go on meanwhile.
    const int stepped = sqlite3_backup_step(copy, -1);
    const int finished = sqlite3_backup_finish(copy);
    if (stepped != SQLITE_DONE || finished != SQLITE_OK) {
      std::filesystem::remove(part, ignored);
      return base::failure("writing backup " + part + ": " +
                           sqlite3_errstr(stepped != SQLITE_DONE ? stepped : finished));
    }
  }
  std::error_code failed;
  std::filesystem::rename(part, path, failed);
  if (failed) return base::failure("renaming backup " + part + " to " + path + ": " + failed.message());
  return {};
}

}  // namespace store
