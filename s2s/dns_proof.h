// What a domain's DNS proves of the server that was dialled for it (DANE, RFC 7673): worth something only where DNSSEC
// proves the service's records, its host's address and these.
#pragma once

#include <string>
#include <vector>

#include "certs/dane.h"
#include "net/dns.h"

namespace net {
class TlsEngine;
}

namespace s2s {

struct DnsProof {
  std::string host;                ///< the target that was dialled
  std::vector<net::Tlsa> records;  ///< none: the DNS says nothing
};

/// Judges what the server showed; `domain` is what it was dialled for. Silent before TLS stands.
certs::DaneJudgement judge(const DnsProof& proof, const net::TlsEngine& tls, const certs::PeerName& domain,
                           base::WallTime now);

}  // namespace s2s
