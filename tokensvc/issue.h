// From a caller's request to a signed token: policy, rate, claims, signature. Line protocol, HTTP and bus all end here.
#pragma once

#include <expected>
#include <optional>
#include <string>

#include "tokensvc/claims.h"
#include "tokensvc/key_ring.h"
#include "tokensvc/policy.h"
#include "tokensvc/request.h"
#include "tokensvc/signer.h"

namespace tokensvc {

/// Both clocks, read by whoever has them.
struct Instant {
  base::WallTime wall;
  base::MonoTime mono;

  std::chrono::sys_seconds seconds() const { return std::chrono::floor<std::chrono::seconds>(wall); }
};

/// On whose behalf a connection asks. Borrowed for what is at hand, so that a reload can exchange any of it after.
struct Desk {
  Desk(const Caller& who, Bucket& rate, const KeyRing& keys) : caller(who), bucket(rate) {
    if (const Key* key = keys.signer()) signer.emplace(*key);
  }

  const Caller& caller;
  Bucket& bucket;
  std::optional<Signer> signer;  ///< nothing where no key can sign
};

struct Issued {
  std::string token;  ///< never logged
  Claims claims;      ///< for the audit row
};

/// The request's command must be jwt_token.
std::expected<Issued, Refusal> issue(Desk& desk, Request request, Instant now);

/// What a token for this request would say.
Claims claims_for(const Caller& caller, Request request, std::chrono::sys_seconds now,
                  std::chrono::sys_seconds expires);

}  // namespace tokensvc
