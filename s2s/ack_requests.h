// Asking a peer to acknowledge what it was sent over a stream (XEP-0198 4): once a turn, again while it is behind, and
// not for ever.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "base/loop.h"
#include "stream/sm.h"

namespace s2s {

class Connection;

/// A part of its connection.
class AckRequests {
 public:
  explicit AckRequests(Connection& connection) : connection_(connection) {}

  /// From now on what is sent counts; the peer has had `h` over the stream that was resumed.
  void begin(std::uint32_t h = 0) { sent_.emplace(h); }
  bool began() const { return sent_.has_value(); }
  /// A stanza was sent.
  void sent();
  void ask();
  /// How many of the first unacknowledged have arrived.
  base::Result<std::uint32_t, stream::HandledCountTooHigh> acknowledged(std::uint32_t h);
  std::uint32_t unacked() const { return sent_ ? sent_->unacked() : 0; }
  /// How many the peer has acknowledged, over all streams that were resumed.
  std::uint32_t arrived() const { return sent_ ? sent_->send_count() - sent_->unacked() : 0; }
  void stop() { answer_.cancel(); }

 private:
  Connection& connection_;
  std::optional<stream::OutboundCounter> sent_;
  bool asking_ = false, asked_ = false;
  base::Timer answer_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  ///< shared with what is to be done at a turn's end
};

}  // namespace s2s
