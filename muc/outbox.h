// All that a room sends passes here in order: what waits for its commit, or for a newcomer's history, holds back what
// follows.
#pragma once

#include <cstdint>
#include <deque>
#include <utility>

#include "base/function.h"

namespace muc {

class Outbox {
 public:
  using Send = base::Fn<void()>;

  /// Now, if nothing waits.
  void put(Send send) {
    if (entries_.empty()) return send();
    entries_.push_back({std::move(send), true});
  }
  /// Keeps a place; to be filled once with what is sent there.
  std::uint64_t reserve() {
    entries_.push_back({{}, false});
    return first_ + entries_.size() - 1;
  }
  void fill(std::uint64_t place, Send send) {
    Entry& entry = entries_[place - first_];
    entry = {std::move(send), true};
    while (!entries_.empty() && entries_.front().ready) {
      Entry next = take();
      if (next.send) next.send();
    }
  }
  bool empty() const { return entries_.empty(); }
  std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    Send send;
    bool ready = false;
  };
  Entry take() {
    Entry front = std::move(entries_.front());
    entries_.pop_front();
    ++first_;
    return front;
  }

  std::deque<Entry> entries_;
  std::uint64_t first_ = 0;
};

}  // namespace muc
