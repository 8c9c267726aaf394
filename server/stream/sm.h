// Stream management's arithmetic (XEP-0198): what was handled, what was sent and not acknowledged. The stream, the
// timers and the resumption ids belong to the caller.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/result.h"

namespace stream {

/// Reads an `h` attribute: xs:unsignedInt, digits only, 2^32 - 1 at most.
std::optional<std::uint32_t> parse_h(std::string_view text);

/// Stanzas received and handled since `<enabled/>`; 2^32 - 1 is followed by 0 (XEP-0198 4).
class InboundCounter {
 public:
  explicit InboundCounter(std::uint32_t h = 0) : h_(h) {}
  void handled() { ++h_; }
  std::uint32_t h() const { return h_; }

 private:
  std::uint32_t h_;
};

/// The peer acknowledged more than it was sent, or took an acknowledgement back; modulo 2^32 both look alike.
struct HandledCountTooHigh {
  std::uint32_t h;
  std::uint32_t send_count;

  /// `<handled-count-too-high/>` for the undefined-condition stream error (XEP-0198 4).
  std::string to_xml() const;
};

/// The sent and acknowledged counters, modulo 2^32.
class OutboundCounter {
 public:
  explicit OutboundCounter(std::uint32_t acknowledged = 0) : sent_(acknowledged), acknowledged_(acknowledged) {}
  void sent() { ++sent_; }
  /// How many of the oldest entries `h` acknowledges anew.
  base::Result<std::uint32_t, HandledCountTooHigh> acknowledge(std::uint32_t h);
  std::uint32_t send_count() const { return sent_; }
  std::uint32_t unacked() const { return sent_ - acknowledged_; }

 private:
  std::uint32_t sent_;
  std::uint32_t acknowledged_;
};

/// Bounds what a peer that never acknowledges can make us keep.
struct SmLimits {
  std::size_t entries = 1000;
  std::size_t bytes = 4 << 20;
};

/// What was sent and not acknowledged, oldest first. `Entry` is opaque and movable.
template <class Entry>
class OutboundQueue {
 public:
  explicit OutboundQueue(SmLimits limits, std::uint32_t acknowledged = 0) : limits_(limits), counter_(acknowledged) {
    base::check(limits.entries < (std::size_t{1} << 31), "a window that modulo 2^32 can tell");
  }

  /// Takes an entry that is about to be sent. False leaves it with the caller and uncounted, because a limit is
  /// reached: it must not be sent on this stream, which had better end with resource-constraint.
  [[nodiscard]] bool push(Entry&& entry, std::size_t bytes) {
    if (queue_.size() >= limits_.entries || bytes > limits_.bytes - bytes_) return false;
    queue_.push_back({std::move(entry), bytes});
    bytes_ += bytes;
    counter_.sent();
    return true;
  }

  /// Releases what `h` acknowledges, oldest first; for `<a/>` and for `<resume/>`. An error changes nothing.
  base::Result<std::vector<Entry>, HandledCountTooHigh> acknowledge(std::uint32_t h) {
    const auto count = counter_.acknowledge(h);
    if (!count) return std::unexpected(count.error());
    return release(*count);
  }

  /// Gives up on acknowledgements and hands out the rest: for the offline store when a session ends.
  std::vector<Entry> take_all() {
    auto ignored = counter_.acknowledge(counter_.send_count());
    base::check(ignored.has_value(), "what was sent can be acknowledged");
    return release(queue_.size());
  }

  /// Calls `visit(const Entry&)` for each entry, oldest first: to send again after a resumption. Not counted anew.
  template <class Visit>
  void for_each_unacked(Visit&& visit) const {
    for (const Kept& kept : queue_) visit(kept.entry);
  }

  std::size_t unacked() const { return queue_.size(); }
  std::size_t bytes() const { return bytes_; }
  std::uint32_t send_count() const { return counter_.send_count(); }

 private:
  struct Kept {
    Entry entry;
    std::size_t bytes;
  };

  std::vector<Entry> release(std::size_t count) {
    std::vector<Entry> released;
    released.reserve(count);
    for (; count > 0; --count) {
      bytes_ -= queue_.front().bytes;
      released.push_back(std::move(queue_.front().entry));
      queue_.pop_front();
    }
    return released;
  }

  SmLimits limits_;
  OutboundCounter counter_;
  std::deque<Kept> queue_;
  std::size_t bytes_ = 0;
};

}  // namespace stream
