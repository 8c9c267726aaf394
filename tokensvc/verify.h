// Judges a token as Jitsi's own Prosody plugins do, so that Jitsi Meet's signalling can be served here: at login what
// it is and says, at a join which room it opens. No leeway in time.
#pragma once

#include <chrono>
#include <expected>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "tokensvc/key_ring.h"

namespace tokensvc {

/// The settings of the same names that Jitsi's plugins have.
struct VerifyRules {
  std::vector<std::string> issuers;         ///< asap_accepted_issuers; `*` is any
  std::vector<std::string> audiences{"*"};  ///< asap_accepted_audiences
  bool require_room = true;                 ///< asap_require_room_claim
  bool verify_domain = true;                ///< enable_domain_verification
};

/// What a good token says. Members Jitsi doesn't know are kept.
struct Verified {
  nlohmann::json claims;

  /// Empty if there is none.
  std::string_view text(const char* claim) const;
};

/// At login. The error is the text Jitsi's clients are shown beside not-allowed. Which keys may have signed:
/// - the public key that the token's kid names, and no other;
/// - else each shared secret of the ring; a kid means nothing to them.
/// The algorithm is the key's; a token that names another is refused.
std::expected<Verified, std::string> verify(std::string_view token, const KeyRing& keys, const VerifyRules& rules,
                                            std::chrono::sys_seconds now);

/// Where somebody wants to go: `room@conference.domain`, or with a tenant `[tenant]room@conference.domain`, lowercased
/// as addresses are.
struct Destination {
  std::string_view room, tenant, domain;
};

/// At a join: whether the token is for that room.
bool opens(const Verified& token, const Destination& destination, const VerifyRules& rules);

}  // namespace tokensvc
