// Base64 by libsodium: strict (RFC 4648 section 4, with padding) and the URL-safe form without padding.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace base {

std::string base64(std::string_view bytes);
std::string base64url(std::string_view bytes);
/// Nothing on any character, padding or length that RFC 4648 section 4 does not allow.
std::optional<std::string> from_base64(std::string_view text);

}  // namespace base
