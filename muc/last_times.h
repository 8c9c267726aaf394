// When somebody last did what may be done only once in a while.
#pragma once

#include <algorithm>
#include <cstddef>
#include <unordered_map>

#include "base/clock.h"
#include "xmpp/jid.h"

namespace muc {

/// By bare address. Forgets those who may do it again; of too many others, who has waited longest.
class LastTimes {
 public:
  static constexpr std::size_t kMost = 10'000;

  /// How long somebody has to wait still; not more than zero: not at all.
  base::Duration left(const xmpp::Jid& bare, base::Duration every, base::MonoTime now) const {
    const auto found = times_.find(bare);
    return found == times_.end() ? base::Duration::zero() : every - (now - found->second);
  }
  void note(const xmpp::Jid& bare, base::Duration every, base::MonoTime now) {
    if (times_.size() >= sweep_at_) {
      std::erase_if(times_, [&](const auto& one) { return now - one.second >= every; });
      sweep_at_ = std::clamp(2 * times_.size(), kFirstSweep, kMost);
    }
    if (times_.size() >= kMost)
      times_.erase(std::ranges::min_element(times_, {}, [](auto& one) { return one.second; }));
    times_[bare] = now;
  }
  std::size_t size() const { return times_.size(); }

 private:
  static constexpr std::size_t kFirstSweep = 64;

  std::unordered_map<xmpp::Jid, base::MonoTime> times_;
  std::size_t sweep_at_ = kFirstSweep;
};

}  // namespace muc
