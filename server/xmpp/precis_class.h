// The string classes of PRECIS (RFC 8264 4, 8, 9), the contextual rules (RFC 5892 A) and the bidi rule (RFC 5893 2).
#pragma once

#include <cstdint>
#include <string_view>

namespace xmpp::precis {

enum class StringClass : std::uint8_t { identifier, freeform };

/// Every code point belongs to the class and every contextual one stands in its context.
bool allows(StringClass string_class, std::u32string_view text);

/// True for text without right-to-left code points; such text has to follow RFC 5893 2.
bool follows_bidi_rule(std::u32string_view text);

}  // namespace xmpp::precis
