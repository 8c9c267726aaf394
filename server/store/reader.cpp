#include "store/reader.h"

#include "store/apply.h"
#include "store/select.h"

namespace store {
namespace {

ScramKeys scram_keys(const Statement& row) {
  return {.hash = static_cast<Scram>(row.number(0)),
          .salt = row.text(1),
          .iterations = row.number(2),
          .stored_key = row.text(3),
          .server_key = row.text(4)};
}

RosterItem roster_item(const Statement& row) {
  return {.jid = row.text(0),
          .name = row.text(1),
          .subscription = static_cast<Subscription>(row.number(2)),
          .ask = row.number(3) != 0,
          .approved = row.number(4) != 0,
          .groups = split(row.text(5))};
}

}  // namespace

base::Result<std::optional<Account>> Reader::account(std::string_view owner) {
  auto make = [](const Statement& row) {
    return Account{.local = row.text(0), .host = row.text(1), .disabled = row.number(2) != 0, .keys = {}};
  };
  auto found = select_one(db_, make, "SELECT local, host, disabled FROM account WHERE owner = ?", owner);
  if (!found || !*found) return found;
  auto keys = select_all(db_, scram_keys,
                         "SELECT hash, salt, iterations, stored_key, server_key FROM scram WHERE owner = ? "
                         "ORDER BY hash",
                         owner);
  if (!keys) return std::unexpected(keys.error());
  (*found)->keys = std::move(*keys);
  return found;
}

base::Result<std::vector<AccountName>> Reader::accounts(std::string_view host, std::string_view after,
                                                        std::size_t limit) {
  auto make = [](const Statement& row) { return AccountName{.local = row.text(0), .disabled = row.number(1) != 0}; };
  return select_all(db_, make,
                    "SELECT local, disabled FROM account WHERE host = ? AND local > ? ORDER BY local LIMIT ?", host,
                    after, static_cast<std::int64_t>(limit));
}

base::Result<Roster> Reader::roster(std::string_view owner) {
  auto items = select_all(
      db_, roster_item,
      "SELECT jid, name, subscription, ask, approved, groups FROM roster WHERE owner = ? ORDER BY jid", owner);
  if (!items) return std::unexpected(items.error());
  auto request = [](const Statement& row) { return SubscriptionRequest{.jid = row.text(0), .stanza = row.text(1)}; };
  auto requests =
      select_all(db_, request, "SELECT jid, stanza FROM subscription_request WHERE owner = ? ORDER BY jid", owner);
  if (!requests) return std::unexpected(requests.error());
  auto version = select_number(db_, "SELECT version FROM roster_version WHERE owner = ?", owner);
  if (!version) return std::unexpected(version.error());
  return Roster{.items = std::move(*items), .requests = std::move(*requests), .version = *version};
}

base::Result<std::vector<std::string>> Reader::blocklist(std::string_view owner) {
  return select_all(db_, first_text, "SELECT jid FROM blocklist WHERE owner = ? ORDER BY jid", owner);
}

base::Result<std::optional<std::string>> Reader::private_xml(std::string_view owner, std::string_view ns,
                                                             std::string_view name) {
  return select_one(db_, first_text, "SELECT xml FROM private_xml WHERE owner = ? AND ns = ? AND name = ?", owner, ns,
                    name);
}

base::Result<std::int64_t> Reader::private_bytes(std::string_view owner) {
  return select_number(db_, "SELECT sum(length(xml)) FROM private_xml WHERE owner = ?", owner);
}

base::Result<std::optional<std::string>> Reader::vcard(std::string_view owner) {
  return select_one(db_, first_text, "SELECT xml FROM vcard WHERE owner = ?", owner);
}

base::Result<std::optional<LastActivity>> Reader::last_activity(std::string_view owner) {
  auto make = [](const Statement& row) { return LastActivity{.time = row.time(0), .status = row.text(1)}; };
  return select_one(db_, make, "SELECT time, status FROM last_activity WHERE owner = ?", owner);
}

base::Result<std::optional<SmMark>> Reader::sm_mark(std::string_view sm_id) {
  auto make = [](const Statement& row) {
    return SmMark{.sm_id = row.text(0),
                  .owner = row.text(1),
                  .h = static_cast<std::uint32_t>(row.number(2)),
                  .time = row.time(3)};
  };
  return select_one(db_, make, "SELECT sm_id, owner, h, time FROM sm_mark WHERE sm_id = ?", sm_id);
}

base::Result<std::vector<OfflineRow>> Reader::offline(std::string_view owner, std::int64_t after, std::size_t limit,
                                                      std::size_t most_bytes) {
  std::size_t bytes = 0;
  auto make = [&](const Statement& row) {
    OfflineRow made{.owner = std::string(owner), .id = row.number(0), .time = row.time(1), .stanza = row.text(2)};
    bytes += made.stanza.size();
    return made;
  };
  return select_while(
      db_, make, [&] { return bytes < most_bytes; },
      "SELECT id, time, stanza FROM offline WHERE owner = ? AND id > ? ORDER BY id LIMIT ?", owner, after,
      static_cast<std::int64_t>(limit));
}

base::Result<std::int64_t> Reader::offline_count(std::string_view owner) {
  return select_number(db_, "SELECT count(*) FROM offline WHERE owner = ?", owner);
}

base::Result<std::int64_t> Reader::last_offline_id(std::string_view owner) {
  return select_number(db_, "SELECT max(id) FROM offline WHERE owner = ?", owner);
}

}  // namespace store
