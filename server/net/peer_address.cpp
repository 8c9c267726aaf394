#include "net/peer_address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

namespace net {
namespace {

using Bytes = std::array<unsigned char, 16>;

constexpr Bytes kLoopback{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};

bool is_mapped(const Bytes& b) {
  return std::all_of(b.begin(), b.begin() + 10, [](unsigned char c) { return c == 0; }) && b[10] == 0xff &&
         b[11] == 0xff;
}

std::string dotted(const unsigned char* b) {
  std::string text;
  for (int i = 0; i < 4; ++i) text += (i > 0 ? "." : "") + std::to_string(b[i]);
  return text;
}

}  // namespace

PeerAddress read_peer(std::string_view peer) {
  std::string host(peer.substr(0, peer.rfind(':')));
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  host = host.substr(0, host.find('%'));  // a link-local address's zone
  Bytes bytes{};
  if (inet_pton(AF_INET6, host.c_str(), bytes.data()) != 1) return {host, host.starts_with("127.")};
  if (is_mapped(bytes)) return {dotted(bytes.data() + 12), bytes[12] == 127};
  return {std::string(bytes.begin(), bytes.begin() + 8), bytes == kLoopback};
}

}  // namespace net
