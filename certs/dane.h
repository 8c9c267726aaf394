// What a domain's DNS says about the certificate of its server (DANE: RFC 6698, RFC 7671, for SRV RFC 7673). Worth
// something only where DNSSEC proves the records, the service's name for its host and the host's address; that is for
// the caller to see.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "certs/judge.h"
#include "certs/openssl.h"

namespace certs {

/// RFC 6698 section 2.1. Usable are those of usage 2 (DANE-TA) and 3 (DANE-EE), selector 0 (certificate) and 1 (key),
/// matching 0 (itself), 1 (SHA-256) and 2 (SHA-512). Usages 0 and 1 ask for an authority besides, which is judged
/// elsewhere: they count as unusable, as RFC 7672 section 3.1.3 has it.
struct TlsaRecord {
  std::uint8_t usage = 0, selector = 0, matching = 0;
  std::string_view data;
};

enum class DaneVerdict : std::uint8_t {
  silent,   ///< no record can be used: DANE says nothing
  proven,   ///< this is the certificate of the server
  refuted,  ///< it is not
};

struct DaneJudgement {
  DaneVerdict verdict = DaneVerdict::silent;
  std::string reason;  ///< why it is refuted, for the operator
};

/// Judges what a server showed. By DANE-EE neither names nor dates of the certificate count (RFC 7671 section 5.1); by
/// DANE-TA it has to name one of `names`, the service's domain or its host (RFC 7673 section 4.2), and to be in time.
DaneJudgement judge_by_dane(std::span<const TlsaRecord> records, const X509& certificate,
                            const std::vector<CertPtr>& chain, std::span<const PeerName> names, base::WallTime now);

}  // namespace certs
