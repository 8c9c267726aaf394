// From a domain's SRV records to the places to dial, in their order (RFC 2782, RFC 6120 section 3.2, XEP-0368).
// Sans-IO.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <vector>

#include "base/random.h"
#include "net/dns.h"

namespace net {

struct Target {
  std::string host;
  std::uint16_t port = 0;
  bool direct_tls = false;
  bool secure = false;         ///< DNSSEC proves that the domain named it
  std::uint16_t priority = 0;  ///< all of one priority come before those of the next
  bool forced = false;         ///< the operator says so: may be within a private network
  bool operator==(const Target&) const = default;
};

/// More are not dialled, however many a domain names (SECURITY F05).
constexpr std::size_t kMostTargets = 16;
constexpr std::uint16_t kServerPort = 5269;

/// `direct` are the records of _xmpps-server._tcp, `starttls` those of _xmpp-server._tcp. One list of both by priority,
/// and at one priority drawn by weight. Without any record the domain itself on port 5269, never where a "." was.
std::expected<std::vector<Target>, DnsFailure> choose_targets(const std::string& domain, const DnsResult<Srv>& direct,
                                                              const DnsResult<Srv>& starttls, base::Random& random);

}  // namespace net
