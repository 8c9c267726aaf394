// Whom a connection counts for.
#pragma once

#include <string>
#include <string_view>

namespace net {

/// A peer as net names it, "192.0.2.1:40000" or "[2001:db8::1]:40000".
struct PeerAddress {
  std::string key;  ///< the IPv4 address, or the /64 of an IPv6 one: what one customer gets, so what is counted
  bool loopback = false;
};
PeerAddress read_peer(std::string_view peer);

}  // namespace net
