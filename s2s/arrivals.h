// What a peer sent over one stream and has not been handled yet: bounded by not reading on, acknowledged in order
// (XEP-0198) when the rows it leaves are durable.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>

#include "base/loop.h"
#include "store/unit.h"

namespace s2s {

class Service;

/// Travels on a stanza's packets and collects its rows, as a session's tickets do. When the last holder lets go, on
/// whatever shard, the rows go home to the store.
class ArrivalTicket final : public store::Unit {
 public:
  ArrivalTicket(Service& home, base::Loop& loop, std::uint64_t connection, std::uint64_t slot, bool promised)
      : home_(home), loop_(loop), connection_(connection), slot_(slot), promised_(promised) {}
  ~ArrivalTicket() override;

  /// Will the peer be told that we have it?
  bool promised() const override { return promised_; }

 private:
  Service& home_;
  base::Loop& loop_;
  std::uint64_t connection_, slot_;
  bool promised_;
};

/// Of one connection.
class Arrivals {
 public:
  std::uint64_t add(std::size_t bytes) {
    slots_.push_back({bytes, false});
    bytes_ += bytes;
    return first_ + slots_.size() - 1;
  }
  /// How many of the first are handled now that this one is.
  std::size_t handled(std::uint64_t slot) {
    slots_[static_cast<std::size_t>(slot - first_)].handled = true;
    std::size_t count = 0;
    for (; !slots_.empty() && slots_.front().handled; ++count, ++first_) {
      bytes_ -= slots_.front().bytes;
      slots_.pop_front();
    }
    return count;
  }
  bool empty() const { return slots_.empty(); }
  bool full() const { return slots_.size() >= kMostStanzas || bytes_ >= kMostBytes; }

 private:
  // Of all users of a remote server together.
  static constexpr std::size_t kMostStanzas = 1000, kMostBytes = 4 * 1024 * 1024;

  struct Slot {
    std::size_t bytes;
    bool handled;
  };
  std::deque<Slot> slots_;
  std::uint64_t first_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace s2s
