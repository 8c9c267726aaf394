#include "s2s/dns_proof.h"

#include <array>

#include "net/tls.h"

namespace s2s {

certs::DaneJudgement judge(const DnsProof& proof, const net::TlsEngine& tls, const certs::PeerName& domain,
                           base::WallTime now) {
  const X509* certificate = tls.shown().certificate;
  if (proof.records.empty() || certificate == nullptr) return {};
  std::vector<certs::TlsaRecord> records;
  records.reserve(proof.records.size());
  for (const net::Tlsa& each : proof.records) records.push_back({each.usage, each.selector, each.matching, each.data});
  const std::array<certs::PeerName, 2> names{domain, {.domain = proof.host}};
  return certs::judge_by_dane(records, *certificate, tls.chain(), names, now);
}

}  // namespace s2s
