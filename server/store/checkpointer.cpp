#include "store/checkpointer.h"

#include "base/log.h"

namespace store {

// SQLite begins the log anew with the first commit that finds all of it moved. Rounds on the executor get close: each
// is shorter than the one before, because it moves only what was written during that. The last few pages are moved
// here, where nobody writes meanwhile.
void Checkpointer::committed(Database& writer) {
  const int pages = writer.log_pages();
  if (pages < kPages) moved_ = tried_ = 0;
  if (pages < kPages || pages - tried_ < kStep) return;
  const bool nearly = !under_way_ && pages - moved_ <= kFew;
  if (!nearly && pages < kMost && under_way_.exchange(true)) return;
  tried_ = pages;
  if (nearly || pages >= kMost) return move(writer);
  executor_.submit([self = shared_from_this()] {
    self->run();
    self->under_way_ = false;
  });
}

void Checkpointer::run() {
  if (database_ == nullptr) {
    auto opened = Database::open(path_, how_);
    if (!opened) return base::log::error("store_checkpoint_failed", {{"why", opened.error().what}});
    database_ = std::move(*opened);
  }
  move(*database_);
  // SQLite has the disk take the file once all is moved. That is the writer's move, with commits behind it: what is
  // moved here should be on the disk by then.
  if (auto synced = database_->sync(); !synced) {
    base::log::error("store_checkpoint_failed", {{"why", synced.error().what}});
  }
}

void Checkpointer::move(Database& database) {
  while (moving_.test_and_set()) moving_.wait(true);
  const auto moved = database.checkpoint();
  moving_.clear();
  moving_.notify_one();
  if (!moved) return base::log::error("store_checkpoint_failed", {{"why", moved.error().what}});
  moved_ = *moved;
}

}  // namespace store
