// The hash functions of the SCRAM family (RFC 5802 2.2, RFC 7677) by OpenSSL, over plain bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/secret.h"

namespace stream {

enum class Hash : std::uint8_t { sha1, sha256, sha512 };

/// "SHA-1", "SHA-256", "SHA-512": as in the mechanism names.
std::string_view to_string(Hash hash);
std::size_t digest_size(Hash hash);

std::string digest(Hash hash, std::string_view bytes);
std::string hmac(Hash hash, std::string_view key, std::string_view text);
/// Hi() of RFC 5802 2.2, that is PBKDF2 with HMAC. Takes milliseconds: never on a shard.
base::Secret pbkdf2(Hash hash, std::string_view password, std::string_view salt, std::uint32_t iterations);

}  // namespace stream
