#include "muc/archive_limit.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/log.h"
#include "muc/room.h"
#include "muc/service.h"
#include "store/unit.h"

namespace muc {
namespace {

constexpr std::uint32_t kRound = 64;  // messages from one look at an archive to the next
constexpr std::size_t kStep = 256;    // most that a look removes: more than are added, so that it catches up

struct Looked final : State {
  std::uint32_t messages = 0;
};

void trim(Room& room, base::Result<std::optional<base::WallTime>> end) {
  if (!end)
    return base::log::warning("archive_limit_failed", {{"room", room.address().str()}, {"why", end.error().what}});
  if (!*end) return;
  auto unit = base::make_ref<store::Unit>();
  unit->add(store::ArchiveExpire{.owner = std::string(room.address().str()), .before = **end});
  room.write(std::move(unit));
}

void look(Room& room, std::size_t keep) {
  const Environment& environment = room.environment();
  environment.store.read(
      environment.router.loop(),
      [owner = std::string(room.address().str()), behind = room.archive_from() - 1, keep](store::Reader& reader) {
        return end_of_excess(reader, owner, behind, keep, kStep);
      },
      [service = &environment.service, address = room.address(),
       number = room.number()](base::Result<std::optional<base::WallTime>> end) {
        if (Room* self = service->room(address, number)) trim(*self, std::move(end));
      });
}

}  // namespace

base::Result<std::optional<base::WallTime>> end_of_excess(store::Reader& reader, const std::string& owner,
                                                          std::int64_t behind, std::size_t keep, std::size_t step) {
  store::ArchiveQuery query;
  query.owner = owner;
  query.behind = behind;
  query.max = 0;
  const auto all = reader.archive(query);
  if (!all) return std::unexpected(all.error());
  const auto total = static_cast<std::size_t>(all->total);
  if (total <= keep) return std::nullopt;
  query.max = std::min(total - keep, step);
  query.count = false;
  const auto excess = reader.archive(query);
  if (!excess) return std::unexpected(excess.error());
  if (excess->rows.empty()) return std::nullopt;
  return excess->rows.back().time + std::chrono::microseconds(1);
}

void add_archive_limit(const Environment& environment) {
  Points& points = environment.points;
  const RoomSlot slot = points.room_slot();
  points.kept.emplace_back([slot](Room& room, const Kept&) {
    const std::size_t keep = room.service().archive_max_messages;
    if (keep == 0 || room.last_archive_id() < room.archive_from()) return;
    auto& state = room.slot(slot);
    if (state == nullptr) state = std::make_unique<Looked>();
    if (static_cast<Looked&>(*state).messages++ % kRound == 0) look(room, keep);
  });
}

}  // namespace muc
