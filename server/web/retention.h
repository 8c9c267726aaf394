// Files whose time is over leave the store and the disk, a bounded piece at a time; files without a row, as a crash or
// the loss of the store leaves them, are set aside.
#pragma once

#include "base/loop.h"
#include "store/store.h"
#include "web/names.h"

namespace web {

/// One per process, on the loop of the names.
class Retention {
 public:
  static constexpr base::Duration kFirst = std::chrono::minutes(1);  ///< when everybody is back after a restart
  static constexpr base::Duration kRound = std::chrono::minutes(10);
  static constexpr base::Duration kPause = std::chrono::milliseconds(100);  ///< between two pieces

  Retention(base::Loop& loop, store::Store& store, Names& names);

 private:
  static constexpr std::int64_t kPiece = 100;  // rows

  void wait(base::Duration time);
  void look();
  void remove(const std::vector<store::UploadRecord>& gone);
  void sweep(unsigned folder);

  base::Loop& loop_;
  store::Store& store_;
  Names& names_;
  base::Timer next_, sweep_;
};

}  // namespace web
