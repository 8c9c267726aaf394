// SQLite as RAII values: a connection with its prepared statements, and one use of a statement.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"
#include "base/result.h"
#include "base/text_hash.h"

namespace store {

class Database;

/// Bytes that are not text: bound as a BLOB.
struct Blob {
  std::string_view bytes;
};

/// One use of a cached statement; its end resets it. Bound views must live until then.
class Statement {
 public:
  Statement(Database& database, sqlite3_stmt* native) : database_(&database), native_(native) {}
  Statement(Statement&& other) noexcept : database_(other.database_), native_(std::exchange(other.native_, nullptr)) {}
  Statement& operator=(Statement&&) = delete;
  ~Statement();

  void bind(int index, std::string_view text);
  void bind(int index, Blob blob);
  void bind(int index, std::int64_t number);
  void bind(int index, base::WallTime time) { bind(index, std::int64_t{time.time_since_epoch().count()}); }
  void bind(int index, std::nullopt_t);
  template <class T>
  void bind(int index, const std::optional<T>& value) {
    if (value) {
      bind(index, *value);
    } else {
      bind(index, std::nullopt);
    }
  }
  /// Binds parameters 1, 2, … in order.
  template <class... Values>
  void bind_all(const Values&... values) {
    int index = 0;
    (bind(++index, values), ...);
  }

  /// True while there is a row to look at.
  base::Result<bool> step();
  /// For statements that give no rows.
  base::Result<void> run();

  int columns() const { return sqlite3_column_count(native_); }
  /// Runs this statement with the present row of `source` as its parameters; false if it could not.
  bool copy_row(const Statement& source);

  std::string text(int column) const;
  std::int64_t number(int column) const;
  base::WallTime time(int column) const { return base::WallTime(base::WallTime::duration(number(column))); }
  bool null(int column) const;

 private:
  Database* database_;
  sqlite3_stmt* native_;
  int bind_error_ = SQLITE_OK;
};

struct DatabaseOptions {
  bool read_only = false;
  bool full_sync = false;  ///< synchronous=FULL: a commit survives a power cut; NORMAL survives kill -9
  int cache_kib = 2000;    ///< of pages
  int busy_milliseconds = 5000;
  std::string vfs;  ///< empty: the platform's; tests name one that injects faults
};

/// One connection. One thread at a time.
class Database {
 public:
  static base::Result<std::unique_ptr<Database>> open(const std::string& path, const DatabaseOptions& options);
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  ~Database();

  /// `sql` is one statement; it stays prepared as long as the connection lives.
  base::Result<Statement> prepare(std::string_view sql);
  /// Any number of statements without parameters.
  base::Result<void> exec(const std::string& sql);
  /// The first column of the first row.
  base::Result<std::int64_t> number(std::string_view sql);

  /// Prepares, binds and runs a statement that gives no rows.
  template <class... Values>
  base::Result<void> run(std::string_view sql, const Values&... values) {
    auto statement = prepare(sql);
    if (!statement) return std::unexpected(statement.error());
    statement->bind_all(values...);
    return statement->run();
  }

  /// Rows that the latest INSERT, UPDATE or DELETE changed.
  std::int64_t changed() const { return sqlite3_changes64(native_); }
  /// Ends an open transaction without a trace; harmless if SQLite has ended it already.
  void rollback();
  /// The connection's latest failure, worded with what was being done.
  base::Error error(std::string_view doing) const;
  /// Pages in the log after this connection's latest commit.
  int log_pages() const { return log_pages_; }
  /// Moves what no reader still needs from the log into the file, as far as it can without waiting for anybody; gives
  /// how many pages of the log are moved then. Waits for the disk.
  base::Result<int> checkpoint();
  /// Waits until the disk has what was moved into the file.
  base::Result<void> sync();
  /// Copies the whole database as of one instant to `path`, which is replaced only when the copy is complete.
  base::Result<void> backup(const std::string& path);

 private:
  Database(sqlite3* native, std::string path) : native_(native), path_(std::move(path)) {}
  base::Result<void> configure(const DatabaseOptions& options);
  static int on_commit(void* self, sqlite3* native, const char* name, int pages);

  sqlite3* native_;
  std::string path_;
  int log_pages_ = 0;
  std::unordered_map<std::string, sqlite3_stmt*, base::TextHash, std::equal_to<>> statements_;
};

}  // namespace store
