// The domain part of an address (RFC 7622 3.2).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace xmpp {

/// The domain in U-label form, lower case, without a trailing dot; or an IPv4 address, or an IPv6 address in
/// brackets in its canonical text (RFC 5952). Nothing when the text is none of these.
std::optional<std::string> prepare_domain(std::string_view text);

/// What prepare_domain() gave, as the DNS and certificates have it: in A-labels (RFC 5890 section 2.3.2.1); an IPv6
/// address without its brackets. Nothing when it is longer than a name in the DNS may be.
std::optional<std::string> to_ascii(std::string_view domain);

}  // namespace xmpp
