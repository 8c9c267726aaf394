// How soon a certificate expires, in words for the operator.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"

namespace certs {

enum class Urgency : std::uint8_t {
  month,  ///< 30 days are left
  week,   ///< 7
  day,    ///< one
  over,   ///< none
};

struct ExpiryWarning {
  Urgency urgency = Urgency::month;
  std::string text;  ///< "expires in 12 days, on 2026-12-04: …"
};

/// Nothing while there is more than a month left.
std::optional<ExpiryWarning> expiry_warning(base::WallTime expires, base::WallTime now);

/// "2026-12-04", in UTC.
std::string date_of(base::WallTime time);

}  // namespace certs
