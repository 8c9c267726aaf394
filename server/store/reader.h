// Typed reads. One snapshot for one job: all that a job reads is of one instant.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "store/database.h"
#include "store/rows.h"

namespace store {

struct AccountName {
  std::string local;
  bool disabled = false;
};

struct Roster {
  std::vector<RosterItem> items;
  std::vector<SubscriptionRequest> requests;
  std::int64_t version = 0;  ///< 0: never written
};

/// Conditions are joined by "and"; an absent one lets everything through.
struct ArchiveQuery {
  std::string owner;
  std::optional<std::string> with;            ///< a bare address matches all its resources
  std::optional<base::WallTime> start, end;   ///< inclusive
  std::optional<std::int64_t> after, before;  ///< exclusive
  std::optional<std::vector<std::int64_t>> ids;
  std::int64_t behind = std::numeric_limits<std::int64_t>::min();  ///< as `after`, and not counted either
  std::size_t max = 50;
  bool backwards = false;  ///< the last `max` instead of the first
  bool count = true;       ///< fill in total and first_index, which costs a scan of the matches
};

struct ArchivePage {
  std::vector<ArchiveRow> rows;  ///< always ascending by id
  bool complete = false;         ///< nothing matches beyond this page, in the direction of paging
  std::int64_t total = 0;        ///< matches without after, before and max
  std::int64_t first_index = 0;  ///< how many of those come before the first row
};

struct ArchiveEnd {
  std::int64_t id = 0;
  base::WallTime time;
};

struct ArchiveSpan {
  ArchiveEnd first, last;
};

struct ArchiveAge {
  std::string owner;
  /// Of the first few: a clock that was wrong once must not hide the others. The end of time if there are none.
  base::WallTime oldest;
  ArchiveLimit limit;  ///< its own
};

/// An archive counted from its newest message backwards, a piece at a time.
struct ArchiveTally {
  std::int64_t below = std::numeric_limits<std::int64_t>::max();  ///< the lowest id that was counted
  std::int64_t messages = 0, bytes = 0;
  std::optional<std::int64_t> excess;  ///< the newest that is too much
  bool done = false;                   ///< that was found, or there is nothing more to count
};

struct StoredRoom {
  Room room;
  std::vector<RoomAffiliation> affiliations;  ///< ascending by jid
  std::vector<RoomChange> changes;            ///< the last of these, ascending by number
};

struct RoomName {
  std::string room, name;
};

/// A page of a service's listed rooms, by address.
struct RoomQuery {
  std::string service;
  std::optional<std::string> after, before;  ///< exclusive
  std::size_t max = 50;
  bool backwards = false;  ///< the last `max` instead of the first
  bool count = true;       ///< fill in total and first_index, which costs a scan of the list's index
};

struct RoomPage {
  std::vector<RoomName> rooms;   ///< always ascending by address
  bool complete = false;         ///< nothing matches beyond this page, in the direction of paging
  std::int64_t total = 0;        ///< listed rooms without after, before and max
  std::int64_t first_index = 0;  ///< how many of those come before the first of the page
};

/// The newest tokens that were handed out, of one caller or of all.
struct TokenQuery {
  static constexpr std::int64_t kReach = 1'000'000;  ///< how many rows back a caller's are looked for
  std::string caller;                                ///< empty: all
  std::size_t max = 50;
};

/// Bytes of the files that somebody has put and that are still there.
struct UploadUsage {
  std::int64_t total = 0;
  std::int64_t recent = 0;  ///< of those put since the time that was asked for
  std::optional<base::WallTime> oldest_recent = std::nullopt, next_expiry = std::nullopt;
};

/// Lives for one read job, on the reader's executor.
class Reader {
 public:
  template <class T>
  using Result = base::Result<T>;

  explicit Reader(Database& database) : db_(database) {}

  Result<std::optional<Account>> account(std::string_view owner);
  /// Ascending by local part, beginning behind `after`; fewer than `limit` means the end.
  Result<std::vector<AccountName>> accounts(std::string_view host, std::string_view after, std::size_t limit);
  Result<Roster> roster(std::string_view owner);
  Result<std::vector<std::string>> blocklist(std::string_view owner);
  Result<std::optional<std::string>> private_xml(std::string_view owner, std::string_view ns, std::string_view name);
  /// Bytes of all the owner's private elements.
  Result<std::int64_t> private_bytes(std::string_view owner);
  Result<std::optional<std::string>> vcard(std::string_view owner);
  Result<std::optional<LastActivity>> last_activity(std::string_view owner);
  Result<std::optional<SmMark>> sm_mark(std::string_view sm_id);
  /// Ascending by id, beginning behind `after`; the row whose stanza reaches `most_bytes` in all is the last.
  Result<std::vector<OfflineRow>> offline(std::string_view owner, std::int64_t after, std::size_t limit,
                                          std::size_t most_bytes = std::numeric_limits<std::size_t>::max());
  Result<std::int64_t> offline_count(std::string_view owner);
  /// The highest id waiting for this owner, 0 if none.
  Result<std::int64_t> last_offline_id(std::string_view owner);

  /// As offline(), of a remote domain.
  Result<std::vector<SpoolRow>> spool(std::string_view remote, std::int64_t after, std::size_t limit,
                                      std::size_t most_bytes = std::numeric_limits<std::size_t>::max());
  /// For whom something is kept, by name, beginning behind `after`; fewer than `limit` means the end.
  Result<std::vector<std::string>> spooled_domains(std::string_view after, std::size_t limit);

  /// By remote domain, beginning behind `after`; fewer than `limit` means the end.
  Result<std::vector<PinRow>> pins(std::string_view after, std::size_t limit);

  Result<ArchivePage> archive(const ArchiveQuery& query);
  Result<bool> archive_has(std::string_view owner, std::int64_t id);
  Result<std::optional<ArchiveSpan>> archive_span(std::string_view owner);
  /// Whose archives begin how long ago: ascending by owner, beginning behind `after`; fewer than `limit` means the end.
  /// `limited`: only those with a limit of their own.
  Result<std::vector<ArchiveAge>> archive_ages(std::string_view after, std::size_t limit, bool limited = false);
  /// Counts at most so many rows more, until one is beyond the limit's messages or bytes.
  Result<ArchiveTally> archive_tally(std::string_view owner, const ArchiveTally& so_far, const ArchiveLimit& limit,
                                     std::size_t rows);
  Result<std::optional<ArchivePrefs>> archive_prefs(std::string_view owner);
  /// 0 if the archive is empty.
  Result<std::int64_t> last_archive_id(std::string_view owner);

  Result<std::optional<StoredRoom>> room(std::string_view room);
  Result<RoomPage> rooms(const RoomQuery& query);
  /// In how many rooms of a service this address has this affiliation.
  Result<std::int64_t> rooms_with(std::string_view service, std::string_view jid, std::uint8_t affiliation);

  /// The last `max`, in the order of issue.
  Result<std::vector<TokenRecord>> tokens(const TokenQuery& query);
  /// Of the first few: a clock that was wrong once must not hide the others. Nothing if there are none.
  Result<std::optional<base::WallTime>> oldest_token();

  Result<std::optional<UploadRecord>> upload(std::string_view id);
  Result<UploadUsage> upload_usage(std::string_view owner, base::WallTime since, base::WallTime now);
  /// Those whose time is over, `max` of them at most, the first first.
  Result<std::vector<UploadRecord>> expired_uploads(base::WallTime now, std::int64_t max);
  /// Those of these hashes that are the content of none.
  Result<std::vector<std::string>> unused_uploads(const std::vector<std::string>& hashes);

 private:
  Database& db_;
};

}  // namespace store
