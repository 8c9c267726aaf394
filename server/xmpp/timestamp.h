// Dates and times on the wire (XEP-0082).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace xmpp {

/// A DateTime (XEP-0082 3.2): "CCYY-MM-DDThh:mm:ss[.sss]TZD" where TZD is "Z" or an offset. Digits beyond
/// microseconds are dropped. Nothing on any other form and on dates that no calendar has.
std::optional<base::WallTime> parse_timestamp(std::string_view text);

/// UTC with six digits of fraction, so that what we send sorts as text and reads back unchanged.
std::string format_timestamp(base::WallTime time);

}  // namespace xmpp
