// Wrong secrets, counted by where they come from.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "tokensvc/policy.h"

namespace tokensvc {

/// A peer is as Transport::peer() names it: "192.0.2.1:40000", "[2001:db8::1]:40000". Those of one IPv4 address, or one
/// IPv6 /64, count together.
class Tries {
 public:
  static constexpr Rate kRate{.per_minute = 10, .burst = 10};
  static constexpr std::size_t kMostSources = 10'000;  ///< that are remembered

  /// How long this peer has to wait for its next try; nothing: it may try.
  std::optional<base::Duration> wait(std::string_view peer, base::MonoTime now) const;
  void failed(std::string_view peer, base::MonoTime now);

 private:
  std::map<std::string, Bucket> buckets_;
};

/// On this machine.
bool is_loopback_peer(std::string_view peer);

}  // namespace tokensvc
