#include "web/retention.h"

#include <utility>

#include "base/log.h"

namespace web {

Retention::Retention(base::Loop& loop, store::Store& store, Names& names) : loop_(loop), store_(store), names_(names) {
  wait(kFirst);
  sweep_ = base::Timer(loop_, kFirst, [this] { sweep(0); });
}

void Retention::wait(base::Duration time) {
  next_ = base::Timer(loop_, time, [this] { look(); });
}

void Retention::look() {
  store_.read(
      loop_, [now = loop_.wall()](store::Reader& reader) { return reader.expired_uploads(now, kPiece); },
      [this](const base::Result<std::vector<store::UploadRecord>>& gone) {
        if (!gone) base::log::error("uploads_not_read", {{"why", gone.error().what}});
        if (!gone || gone->empty()) return wait(kRound);
        remove(*gone);
      });
}

/// The rows first: a file without one is found again, a row without its file never.
void Retention::remove(const std::vector<store::UploadRecord>& gone) {
  auto unit = base::make_ref<store::Unit>();
  std::vector<std::string> hashes;
  for (const store::UploadRecord& one : gone) {
    unit->add(store::UploadDelete{one.id, loop_.wall()});
    if (!one.hash.empty()) hashes.push_back(one.hash);
  }
  store_.write(unit, loop_, [this, hashes = std::move(hashes)](const base::Result<void>& done) mutable {
    if (!done) {
      base::log::error("uploads_not_removed", {{"why", done.error().what}});
      return wait(kRound);
    }
    names_.remove_unused(std::move(hashes), [this] { wait(kPause); });
  });
}

/// Once, from the first folder to the last.
void Retention::sweep(unsigned folder) {
  if (folder == FileStore::kFolders) return;
  names_.sort_out(folder,
                  [this, folder] { sweep_ = base::Timer(loop_, kPause, [this, folder] { sweep(folder + 1); }); });
}

}  // namespace web
