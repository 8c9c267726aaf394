#include "tokensvc/tries.h"

#include <arpa/inet.h>

#include <cstring>

namespace tokensvc {
namespace {

constexpr std::size_t kPrefixBytes = 8;  // of an IPv6 address: one customer has them all
constexpr std::size_t kMappedBytes = 12;

/// An IPv4 address's four bytes or an IPv6 address's first eight; the text where it is none.
std::string source_of(std::string_view peer) {
  std::string host(peer.substr(0, peer.rfind(':')));
  in_addr four{};
  if (inet_pton(AF_INET, host.c_str(), &four) == 1) return {reinterpret_cast<const char*>(&four), sizeof four};
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  host = host.substr(0, host.find('%'));  // a link-local address's zone
  in6_addr six{};
  if (inet_pton(AF_INET6, host.c_str(), &six) != 1) return host;
  const char* bytes = reinterpret_cast<const char*>(six.s6_addr);
  if (IN6_IS_ADDR_V4MAPPED(&six)) return {bytes + kMappedBytes, sizeof four};
  return {bytes, kPrefixBytes};
}

}  // namespace

std::optional<base::Duration> Tries::wait(std::string_view peer, base::MonoTime now) const {
  const auto found = buckets_.find(source_of(peer));
  if (found == buckets_.end()) return std::nullopt;
  Bucket looked_at = found->second;
  return looked_at.take(kRate, now);
}

void Tries::failed(std::string_view peer, base::MonoTime now) {
  if (buckets_.size() >= kMostSources) buckets_.clear();
  (void)buckets_[source_of(peer)].take(kRate, now);
}

bool is_loopback_peer(std::string_view peer) {
  return peer.starts_with("127.") || peer.starts_with("[::1]:") || peer.starts_with("[::ffff:127.");
}

}  // namespace tokensvc
