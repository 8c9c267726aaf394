#include "store/salvage.h"

#include <filesystem>
#include <iterator>
#include <span>
#include <string_view>
#include <system_error>
#include <vector>

#include "store/database.h"
#include "store/schema.h"

namespace store {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kTables = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'";

base::Result<std::vector<std::string>> table_names(Database& database, std::string_view sql) {
  auto statement = database.prepare(sql);
  if (!statement) return std::unexpected(statement.error());
  std::vector<std::string> names;
  for (;;) {
    auto row = statement->step();
    if (!row) return std::unexpected(row.error());
    if (!*row) return names;
    names.push_back(statement->text(0));
  }
}

/// One direction of one table; false if the read broke off. What an earlier pass copied is left alone.
bool copy_table(Database& damaged, Database& target, const std::string& table, std::string_view order,
                std::int64_t& rows) {
  // The names are those of our own schema, never a peer's text.
  auto source = damaged.prepare("SELECT * FROM \"" + table + "\" " + std::string(order));
  if (!source) return false;
  const int columns = source->columns();
  std::string marks = "?";
  for (int i = 1; i < columns; ++i) marks += ", ?";
  auto sink = target.prepare("INSERT OR IGNORE INTO \"" + table + "\" VALUES (" + marks + ")");
  if (!sink) return false;
  for (;;) {
    auto row = source->step();
    if (!row) return false;
    if (!*row) return true;
    if (sink->copy_row(*source)) rows += target.changed();
  }
}

/// Up to the version of the damaged file, whose tables have no other columns; opening it migrates the copy further.
std::span<const char* const> steps_of(Database& damaged) {
  const auto all = schema_steps();
  const auto version = damaged.number("PRAGMA user_version");
  if (!version || *version < 1 || *version > std::ssize(all)) return all;
  return all.first(static_cast<std::size_t>(*version));
}

std::string free_name(const std::string& path) {
  for (int number = 1;; ++number) {
    std::string name = path + ".damaged-" + std::to_string(number);
    if (!fs::exists(name)) return name;
  }
}

base::Result<Salvaged> copy_all(const std::string& from, const std::string& to) {
  auto damaged = Database::open(from, {.read_only = true});
  if (!damaged) return std::unexpected(damaged.error());
  auto target = Database::open(to, {.full_sync = true});
  if (!target) return std::unexpected(target.error());
  if (auto made = migrate(**target, steps_of(**damaged)); !made) return std::unexpected(made.error());
  if (auto readable = table_names(**damaged, kTables); !readable) return std::unexpected(readable.error());
  auto tables = table_names(**target, kTables);
  if (!tables) return std::unexpected(tables.error());
  Salvaged saved;
  if (auto begun = (*target)->run("BEGIN"); !begun) return std::unexpected(begun.error());
  for (const std::string& table : *tables) {
    if (copy_table(**damaged, **target, table, "", saved.rows)) continue;
    ++saved.tables_cut;
    // From the other end up to the damage.
    copy_table(**damaged, **target, table, "ORDER BY 1 DESC", saved.rows);
  }
  if (auto done = (*target)->run("COMMIT"); !done) return std::unexpected(done.error());
  return saved;
}

}  // namespace

base::Result<Salvaged> salvage(const std::string& path) {
  const std::string fresh = path + ".salvaged";
  std::error_code failed;
  for (const char* suffix : {"", "-wal", "-shm"}) fs::remove(fresh + suffix, failed);
  auto saved = copy_all(path, fresh);
  if (!saved) return saved;
  saved->damaged_file = free_name(path);
  for (const char* suffix : {"-wal", "-shm"}) {
    if (fs::exists(path + suffix)) fs::rename(path + suffix, saved->damaged_file + suffix, failed);
  }
  fs::copy_file(path, saved->damaged_file, failed);
  if (failed) return base::failure("setting " + path + " aside: " + failed.message());
  fs::rename(fresh, path, failed);
  if (failed) return base::failure("putting " + fresh + " in place: " + failed.message());
  return saved;
}

}  // namespace store
