#include "store/writer.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "store/apply.h"

namespace store {

Revocation* revocation_of(const Row& row) {
  if (const auto* offline = std::get_if<OfflinePut>(&row)) return offline->cancelled.get();
  if (const auto* spooled = std::get_if<SpoolPut>(&row)) return spooled->cancelled.get();
  return nullptr;
}

Unit::Unit() = default;

Unit::~Unit() = default;

void Unit::add(Row row) { rows_.push_back(std::move(row)); }

bool Unit::needless() const {
  return std::ranges::all_of(rows_, [](const Row& row) {
    const Revocation* revocation = revocation_of(row);
    return revocation != nullptr && revocation->cancelled;
  });
}

namespace {

Row removal_of(const Row& row) {
  if (const auto* spooled = std::get_if<SpoolPut>(&row)) return SpoolDelete{spooled->row.remote, spooled->row.id};
  const auto& offline = std::get<OfflinePut>(row).row;
  return OfflineDelete{offline.owner, offline.id};
}

}  // namespace

Writer::Writer(std::unique_ptr<Database> database, std::shared_ptr<Checkpointer> checkpointer, base::Executor& executor,
               std::size_t bound)
    : database_(std::move(database)), checkpointer_(std::move(checkpointer)), executor_(executor), queue_(bound) {}

void Writer::write(UnitRef unit, base::Loop& home, Done done) {
  Entry entry{.unit = std::move(unit), .home = &home, .done = std::move(done), .job = {}, .result = {}};
  ++unreported_;
  if (enqueue(entry)) return;
  --unreported_;
  home.post([refused = std::move(entry.done), held = std::move(entry.unit)]() mutable {
    refused(base::failure("writing: the store's queue is full"));
  });
}

bool Writer::after_pending(base::Fn<void()> job) {
  if (unreported_ == 0) {
    job();
    return true;
  }
  Entry entry{.unit = {}, .home = nullptr, .done = {}, .job = std::move(job), .result = {}};
  return enqueue(entry);
}

bool Writer::enqueue(Entry& entry) {
  const base::Pushed pushed = queue_.push(entry);
  if (pushed == base::Pushed::wake) {
    executor_.submit([self = shared_from_this()] { self->drain(); });
  }
  return pushed != base::Pushed::refused;
}

void Writer::drain() {
  for (auto batch = queue_.take(kMaxBatch); !batch.empty(); batch = queue_.take(kMaxBatch)) {
    settle(batch);
    report(std::move(batch));
    checkpointer_->committed(*database_);
  }
}

// One transaction for all; if that fails, one each, so that only the guilty are told.
void Writer::settle(std::span<Entry> batch) {
  const bool any = std::ranges::any_of(batch, [](const Entry& entry) { return bool(entry.unit); });
  if (!any) return;
  auto all = commit(batch);
  if (all) return;
  base::log::error("store_commit_failed", {{"units", batch.size()}, {"why", all.error().what}});
  if (batch.size() == 1) {
    batch.front().result = std::move(all);
    return;
  }
  for (Entry& entry : batch) {
    if (entry.unit) entry.result = commit({&entry, 1});
  }
}

base::Result<void> Writer::commit(std::span<Entry> batch) {
  auto done = database_->run("BEGIN IMMEDIATE");
  if (done) done = apply_all(batch);
  if (done) done = database_->run("COMMIT");
  if (!done) {
    database_->rollback();
    return std::unexpected(done.error().in("committing"));
  }
  ++commits_;
  for (const Row* row : std::exchange(revocable_, {})) revocation_of(*row)->written = true;
  return {};
}

base::Result<void> Writer::apply_all(std::span<Entry> batch) {
  revocable_.clear();
  for (const Entry& entry : batch) {
    if (!entry.unit) continue;
    for (std::span<const Row> rows = entry.unit->rows(); !rows.empty();) {
      std::size_t applied = 1;
      const Revocation* revocation = revocation_of(rows.front());
      if (revocation == nullptr || !revocation->cancelled) {
        if (revocation != nullptr) revocable_.push_back(&rows.front());
        const auto done = apply_first(*database_, rows);
        if (!done) return std::unexpected(done.error());
        applied = *done;
      }
      rows = rows.subspan(applied);
    }
  }
  // A large batch takes milliseconds: what was cancelled meanwhile need not reach the disk either.
  for (const Row*& row : revocable_) {
    if (!revocation_of(*row)->cancelled) continue;
    if (auto done = store::apply(*database_, removal_of(*row)); !done) return done;
    row = nullptr;
  }
  std::erase(revocable_, nullptr);
  return {};
}

void Writer::report(std::vector<Entry> batch) {
  std::vector<std::pair<base::Loop*, std::vector<Entry>>> homes;
  std::vector<base::Fn<void()>> jobs;
  const auto units =
      static_cast<std::size_t>(std::ranges::count_if(batch, [](const Entry& each) { return each.home != nullptr; }));
  for (Entry& entry : batch) {
    if (!entry.unit) {
      if (entry.job) jobs.push_back(std::move(entry.job));
      if (entry.home == nullptr) continue;
    }
    auto home = std::ranges::find(homes, entry.home, &std::pair<base::Loop*, std::vector<Entry>>::first);
    if (home == homes.end()) home = homes.insert(home, {entry.home, std::vector<Entry>()});
    home->second.push_back(std::move(entry));
  }
  for (auto& [loop, entries] : homes) {
    loop->post([mine = std::move(entries)]() mutable {
      for (Entry& entry : mine) {
        if (entry.result) entry.unit->mark_durable();
        entry.done(std::move(entry.result));
        entry.unit = nullptr;
      }
    });
  }
  unreported_ -= units;
  for (auto& job : jobs) job();
}

}  // namespace store
