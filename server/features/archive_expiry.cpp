#include "features/archive_expiry.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/log.h"
#include "store/unit.h"

namespace features::archive {
namespace {

constexpr std::chrono::hours kRound{1};
// Between two pieces, so that readers and writers of others come first.
constexpr std::chrono::milliseconds kPause{100};
constexpr std::size_t kArchives = 200, kRows = 5000;  // of one piece: looked at, counted

/// Whether anything goes of those archives that have no limit of their own.
bool limits_anything(const router::Settings& settings) {
  const auto limits = [](const auto& one) { return !one.retention.keeps_all(); };
  return std::ranges::any_of(settings.room_services(), limits) ||
         std::ranges::any_of(settings.hosts(), [&](const router::HostSettings& host) {
           return limits(host) || std::ranges::any_of(host.classes, limits);
         });
}

/// What counts for an archive: its host's or its class's, its service's; a room's own only where that is stricter.
router::Retention retention(const router::Settings& settings, const xmpp::Jid& owner, const store::ArchiveLimit& own) {
  if (const router::HostSettings* host = settings.host(owner.domain())) return host->retention_of(owner.local());
  const router::RoomService* rooms = settings.room_service(owner.domain());
  if (rooms == nullptr) return {};
  return stricter(rooms->retention, {std::chrono::days(own.days), static_cast<std::uint32_t>(own.messages),
                                     static_cast<std::uint64_t>(own.bytes)});
}

}  // namespace

/// Where one piece of the walk stopped.
struct Expiry::Found {
  Place place;
  bool last = false;
  std::optional<Due> due;
};

/// One piece of the walk: runs with the store, on its thread.
class Expiry::Piece {
 public:
  Piece(const router::Router& router, Place place)
      : settings_(router.share_settings()),
        board_(&router.board()),
        shard_(router.shard()),
        now_(router.loop().wall()),
        found_{.place = std::move(place), .last = false, .due = {}} {}

  base::Result<Found> operator()(store::Reader& reader) {
    auto ages = reader.archive_ages(found_.place.after, kArchives, !limits_anything(*settings_));
    if (!ages) return std::unexpected(ages.error());
    for (store::ArchiveAge& age : *ages) {
      const auto owner = xmpp::Jid::from_prepared(age.owner);
      const router::Retention kept = retention(*settings_, owner, age.limit);
      if (board_->owner(owner) == shard_ && !kept.keeps_all()) {
        if (auto judged = judge(reader, age, owner, kept); !judged) return std::unexpected(judged.error());
        if (found_.due || found_.place.within == age.owner) return std::move(found_);
      }
      found_.place = {.after = std::move(age.owner)};
    }
    found_.last = ages->size() < kArchives;
    return std::move(found_);
  }

 private:
  /// Leaves what is due, or how far it has counted when the piece is over.
  base::Result<void> judge(store::Reader& reader, const store::ArchiveAge& age, const xmpp::Jid& owner,
                           const router::Retention& kept) {
    if (kept.days.count() > 0 && age.oldest < now_ - kept.days) {
      found_.due = Due{owner, now_ - kept.days, 0};
      return {};
    }
    if (kept.messages == 0 && kept.bytes == 0) return {};
    const store::ArchiveTally so_far = found_.place.within == age.owner ? found_.place.tally : store::ArchiveTally();
    const store::ArchiveLimit limit{
        .days = 0, .messages = kept.messages, .bytes = static_cast<std::int64_t>(kept.bytes)};
    auto tally = reader.archive_tally(age.owner, so_far, limit, rows_);
    if (!tally) return std::unexpected(tally.error());
    rows_ -= static_cast<std::size_t>(tally->messages - so_far.messages);
    found_.place.within.clear();
    if (tally->excess) {
      found_.due = Due{owner, {}, *tally->excess};
    } else if (!tally->done) {
      found_.place.within = age.owner;
      found_.place.tally = *tally;
    }
    return {};
  }

  router::SettingsRef settings_;
  const router::Switchboard* board_;
  router::ShardId shard_;
  base::WallTime now_;
  Found found_;
  std::size_t rows_ = kRows;
};

void Expiry::start() { wait(); }

void Expiry::wait() {
  place_ = {};
  timer_ = base::Timer(archive_.environment.router.loop(), kRound, [this] { look_on(); });
}

void Expiry::pause(base::Fn<void()> then) {
  timer_ = base::Timer(archive_.environment.router.loop(), kPause, std::move(then));
}

void Expiry::fail(const base::Error& why) {
  base::log::warning("archive_expiry_failed", {{"why", why.what}});
  wait();
}

void Expiry::look_on() {
  const router::Router& router = archive_.environment.router;
  archive_.environment.store.read(router.loop(), Piece(router, place_),
                                  [this](base::Result<Found> found) { on_found(std::move(found)); });
}

void Expiry::on_found(base::Result<Found> found) {
  if (!found) return fail(found.error());
  place_ = std::move(found->place);
  if (found->due) return remove(*found->due);
  if (found->last) return wait();
  pause([this] { look_on(); });
}

void Expiry::remove(const Due& due) {
  auto unit = base::make_ref<store::Unit>();
  const std::string owner(due.owner.str());
  if (due.before) {
    unit->add(store::ArchiveExpire{.owner = owner, .before = *due.before});
  } else {
    unit->add(store::ArchiveTrim{.owner = owner, .upto = due.upto});
  }
  base::Loop& loop = archive_.environment.router.loop();
  archive_.environment.store.write(std::move(unit), loop, [this, due](const base::Result<void>& done) {
    if (!done) return fail(done.error());
    archive_.environment.store.read(
        archive_.environment.router.loop(),
        [owner = std::string(due.owner.str())](store::Reader& reader) { return reader.archive_span(owner); },
        [this, due](const base::Result<Span>& left) {
          if (!left) return fail(left.error());
          on_removed(due, *left);
        });
  });
}

// The walk goes on with the same archive, until it has nothing to remove any more; what was counted isn't again.
void Expiry::on_removed(const Due& due, const Span& left) {
  update_start(due, left);
  const bool more = !due.before && left && left->first.id <= due.upto;
  pause([this, due, more] {
    if (more) return remove(due);
    look_on();
  });
}

/// XEP-0313 5: the metadata must not name a message that is gone. A room's is read when it is asked for.
void Expiry::update_start(const Due& due, const Span& left) {
  router::AccountView* account = archive_.environment.accounts.account(due.owner);
  if (account == nullptr) return;
  State& state = archive_.state(*account);
  if (!state.span) return;
  const store::ArchiveEnd& last = state.span->last;
  if (left) {
    state.span->first = left->first;
  } else if (due.before ? last.time < *due.before : last.id <= due.upto) {
    state.span.reset();
  }
}

}  // namespace features::archive
