// Helpers for reads: a statement's rows as values.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "store/database.h"

namespace store {

/// Rows of `sql` while `more()`, each turned into a value by `make(const Statement&)`.
template <class Make, class More, class... Values>
auto select_while(Database& db, Make make, More more, std::string_view sql, const Values&... values)
    -> base::Result<std::vector<decltype(make(std::declval<const Statement&>()))>> {
  std::vector<decltype(make(std::declval<const Statement&>()))> rows;
  auto statement = db.prepare(sql);
  if (!statement) return std::unexpected(statement.error());
  statement->bind_all(values...);
  while (more()) {
    auto row = statement->step();
    if (!row) return std::unexpected(row.error());
    if (!*row) break;
    rows.push_back(make(*statement));
  }
  return rows;
}

/// All of them.
template <class Make, class... Values>
auto select_all(Database& db, Make make, std::string_view sql, const Values&... values) {
  return select_while(db, make, [] { return true; }, sql, values...);
}

/// The first row of `sql`, if there is one.
template <class Make, class... Values>
auto select_one(Database& db, Make make, std::string_view sql, const Values&... values)
    -> base::Result<std::optional<decltype(make(std::declval<const Statement&>()))>> {
  using Value = decltype(make(std::declval<const Statement&>()));
  auto statement = db.prepare(sql);
  if (!statement) return std::unexpected(statement.error());
  statement->bind_all(values...);
  auto more = statement->step();
  if (!more) return std::unexpected(more.error());
  return *more ? std::optional<Value>(make(*statement)) : std::nullopt;
}

inline std::string first_text(const Statement& row) { return row.text(0); }
inline std::int64_t first_number(const Statement& row) { return row.number(0); }

/// The number in the first row, 0 without one.
template <class... Values>
base::Result<std::int64_t> select_number(Database& db, std::string_view sql, const Values&... values) {
  auto found = select_one(db, first_number, sql, values...);
  if (!found) return std::unexpected(found.error());
  return found->value_or(0);
}

}  // namespace store
