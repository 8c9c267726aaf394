// PRECIS (RFC 8264) and the two profiles that addresses use (RFC 8265).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace xmpp::precis {

/// UsernameCaseMapped (RFC 8265 3.3), for the local part and for user names. Nothing when the text is refused:
/// bad UTF-8, empty, outside IdentifierClass, unassigned, breaking the bidi rule (RFC 5893 2).
std::optional<std::string> username_case_mapped(std::string_view text);

/// OpaqueString (RFC 8265 4.2), for the resource and for passwords. Nothing when the text is refused.
std::optional<std::string> opaque_string(std::string_view text);

/// True when every code point is valid UTF-8 and IdentifierClass allows it where it stands (RFC 8264 4.2).
bool is_identifier(std::string_view text);

}  // namespace xmpp::precis
