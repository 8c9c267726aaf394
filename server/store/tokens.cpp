// The audit's part of Reader: which tokens were handed out.
#include <algorithm>

#include "store/reader.h"
#include "store/select.h"

namespace store {
namespace {

TokenRecord token_row(const Statement& row) {
  return {.time = row.time(0),
          .caller = row.text(1),
          .way = static_cast<std::uint8_t>(row.number(2)),
          .user = row.text(3),
          .name = row.text(4),
          .room = row.text(5),
          .subject = row.text(6),
          .moderator = row.number(7) != 0,
          .expires = row.time(8)};
}

#define EXEDRA_TOKENS "SELECT time, caller, way, user, name, room, subject, moderator, expires FROM token"

}  // namespace

base::Result<std::vector<TokenRecord>> Reader::tokens(const TokenQuery& query) {
  const auto most = static_cast<std::int64_t>(query.max);
  auto rows = query.caller.empty() ? select_all(db_, token_row, EXEDRA_TOKENS " ORDER BY number DESC LIMIT ?", most)
                                   : select_all(db_, token_row,
                                                EXEDRA_TOKENS
                                                " WHERE number > (SELECT max(number) FROM token) - ?1 AND caller = ?2"
                                                " ORDER BY number DESC LIMIT ?3",
                                                TokenQuery::kReach, query.caller, most);
  if (rows) std::ranges::reverse(*rows);
  return rows;
}

base::Result<std::optional<base::WallTime>> Reader::oldest_token() {
  auto make = [](const Statement& row) -> std::optional<base::WallTime> {
    return row.null(0) ? std::nullopt : std::optional(row.time(0));
  };
  auto found = select_one(db_, make, "SELECT min(time) FROM (SELECT time FROM token ORDER BY number LIMIT ?)",
                          TokenExpire::kMost);
  if (!found) return std::unexpected(found.error());
  return found->value_or(std::nullopt);
}

#undef EXEDRA_TOKENS

}  // namespace store
