// What the server keeps of a password (RFC 5802 3): enough to check a proof, not enough to log in elsewhere.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/secret.h"
#include "stream/digest.h"

namespace stream {

/// One user's keys for one hash. Move-only, because both keys are secrets: ServerKey lets its holder play the
/// server, StoredKey lets him guess passwords offline.
struct ScramKeys {
  Hash hash = Hash::sha256;
  std::string salt;
  std::uint32_t iterations = 0;
  base::Secret stored_key;
  base::Secret server_key;
};

/// Keys as an account's record should hold them; false for a damaged record.
bool usable(const ScramKeys& keys);

/// Derives keys from a password. The caller has prepared it already: PRECIS OpaqueString (RFC 8265 4.2), which
/// replaces the SASLprep of RFC 5802. Slow by intent: never on a shard. `iterations` is 4096 or more in production
/// (RFC 7677 4); only 0 is refused here, as our own mistake.
ScramKeys derive_keys(Hash hash, std::string_view password, std::string_view salt, std::uint32_t iterations);

/// Keys for an account that does not exist: the same for the same (server_secret, account, hash), so that asking
/// twice shows nothing (SECURITY A06). No password is known to fit them. `account` is the prepared name, since a
/// real account's salt does not change with the spelling; `iterations` is what new accounts get.
ScramKeys fake_keys(std::string_view server_secret, std::string_view account, Hash hash, std::uint32_t iterations);

/// Does this prepared password fit the keys? Pure and as slow as derive_keys: never on a shard. For an unknown
/// account call it with fake_keys and ignore the answer, so that both cases take the same time.
bool verify_password(std::string_view password, const ScramKeys& keys);

}  // namespace stream
