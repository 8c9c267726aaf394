// Ids of archived messages (XEP-0313 3): opaque to clients, numbers to us.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/random.h"

namespace xmpp {

/// Behind `last`, strictly increasing for each archive even when the clock steps back; unpredictable.
std::int64_t next_archive_id(std::int64_t last, base::WallTime now, base::Random& random);

/// On the wire: decimal.
std::string format_archive_id(std::int64_t id);
/// Nothing for what can't be one of ours.
std::optional<std::int64_t> parse_archive_id(std::string_view text);

}  // namespace xmpp
