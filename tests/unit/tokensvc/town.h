// What the tests of tokensvc share: a frozen clock, a key of each kind, the caller of JITSI.md's vectors.
#pragma once

#include <string>
#include <vector>

#include "tokensvc/issue.h"

namespace tokensvc {

inline constexpr std::chrono::sys_seconds kNow{std::chrono::seconds(1'700'000'000)};
inline constexpr Instant kInstant{kNow, base::MonoTime(std::chrono::hours(1))};
inline constexpr Algorithm kAlgorithms[] = {Algorithm::hs256, Algorithm::hs384, Algorithm::hs512, Algorithm::rs256,
                                            Algorithm::rs512, Algorithm::es256, Algorithm::eddsa};

/// The private key in PEM, the same one in each call with the same number.
const std::string& private_pem(Algorithm algorithm, int number = 0);

Key secret_key(Algorithm algorithm = Algorithm::hs256, std::string id = {},
               const std::string& secret = "0123456789abcdef0123456789abcdef");
/// Of any algorithm; a symmetric one has the secret above.
Key key_of(Algorithm algorithm, std::string id = "verona", int number = 0);

template <class... Keys>
KeyRing ring_of(Keys... keys) {
  std::vector<Key> all;
  (all.push_back(std::move(keys)), ...);
  return std::move(*KeyRing::make(std::move(all)));
}

/// With a key that can sign, for this token only.
inline base::Result<std::string> mint(const Key& key, const Claims& claims) {
  Signer signer(key);
  return tokensvc::mint(signer, claims);
}

/// skotos, who may open any one room at meet.example.test and make moderators.
Caller skotos();

}  // namespace tokensvc
