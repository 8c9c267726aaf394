#include "features/archive_expiry.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

#include "base/log.h"
#include "store/unit.h"

namespace features::archive {
namespace {

constexpr std::chrono::hours kRound{1};
// Between two pieces, so that readers and writers of others come first.
constexpr std::chrono::milliseconds kPause{100};
constexpr std::size_t kArchives = 200;  // of one piece

/// For each host and room service that does not keep messages for ever, the time before which they go.
using Ends = std::map<std::string, base::WallTime, std::less<>>;

Ends ends_of(const router::Settings& settings, base::WallTime now) {
  Ends ends;
  for (const router::HostSettings& host : settings.hosts())
    if (host.archive_days.count() > 0) ends.emplace(host.domain.str(), now - host.archive_days);
  for (const router::RoomService& rooms : settings.room_services())
    if (rooms.archive_days.count() > 0) ends.emplace(rooms.domain.str(), now - rooms.archive_days);
  return ends;
}

}  // namespace

/// What one piece of the walk found.
struct Expiry::Found {
  std::string after;
  bool last = false;
  std::optional<std::pair<xmpp::Jid, base::WallTime>> due;  // stops the walk
};

void Expiry::start() { wait(); }

void Expiry::wait() {
  after_.clear();
  timer_ = base::Timer(archive_.environment.router.loop(), kRound, [this] { look_on(); });
}

void Expiry::look_on() {
  const router::Router& router = archive_.environment.router;
  Ends ends = ends_of(router.settings(), router.loop().wall());
  if (ends.empty()) return wait();
  auto look = [ends = std::move(ends), after = after_, &board = router.board(),
               shard = router.shard()](store::Reader& reader) -> base::Result<Found> {
    auto ages = reader.archive_ages(after, kArchives);
    if (!ages) return std::unexpected(ages.error());
    Found found{.after = after, .last = ages->size() < kArchives, .due = {}};
    for (store::ArchiveAge& age : *ages) {
      const auto end = ends.find(std::string_view(age.owner).substr(age.owner.find('@') + 1));
      const auto owner = xmpp::Jid::from_prepared(age.owner);
      if (end != ends.end() && age.oldest < end->second && board.owner(owner) == shard) {
        found.due.emplace(owner, end->second);
        return found;
      }
      found.after = std::move(age.owner);
    }
    return found;
  };
  archive_.environment.store.read(router.loop(), std::move(look),
                                  [this](base::Result<Found> found) { on_found(std::move(found)); });
}

void Expiry::on_found(base::Result<Found> found) {
  if (!found) {
    base::log::warning("archive_expiry_failed", {{"why", found.error().what}});
    return wait();
  }
  after_ = std::move(found->after);
  if (found->due) return expire(found->due->first, found->due->second);
  if (found->last) return wait();
  timer_ = base::Timer(archive_.environment.router.loop(), kPause, [this] { look_on(); });
}

// The walk goes on with the same archive, until it has nothing old any more.
void Expiry::expire(const xmpp::Jid& owner, base::WallTime before) {
  auto unit = base::make_ref<store::Unit>();
  unit->add(store::ArchiveExpire{.owner = std::string(owner.str()), .before = before});
  base::Loop& loop = archive_.environment.router.loop();
  archive_.environment.store.write(std::move(unit), loop, [this, owner, before](const base::Result<void>& done) {
    if (!done) {
      base::log::warning("archive_expiry_failed", {{"account", owner.str()}, {"why", done.error().what}});
      return wait();
    }
    update_start(owner, before);
    timer_ = base::Timer(archive_.environment.router.loop(), kPause, [this] { look_on(); });
  });
}

/// XEP-0313 5: the metadata must not name a message that is gone.
void Expiry::update_start(const xmpp::Jid& owner, base::WallTime before) {
  if (archive_.environment.accounts.account(owner) == nullptr) return;
  using Span = std::optional<store::ArchiveSpan>;
  archive_.environment.store.read(
      archive_.environment.router.loop(),
      [text = std::string(owner.str())](store::Reader& reader) { return reader.archive_span(text); },
      [this, owner, before](const base::Result<Span>& span) {
        router::AccountView* account = archive_.environment.accounts.account(owner);
        if (!span || account == nullptr) return;
        State& state = archive_.state(*account);
        if (!state.span) return;
        if (*span) {
          state.span->first = (*span)->first;
        } else if (state.span->last.time < before) {
          state.span.reset();
        }
      });
}

}  // namespace features::archive
