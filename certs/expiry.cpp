#include "certs/expiry.h"

#include <ctime>

namespace certs {
namespace {

using std::chrono::days;

Urgency urgency_of(base::Duration left) {
  if (left <= base::Duration::zero()) return Urgency::over;
  if (left <= days(1)) return Urgency::day;
  return left <= days(7) ? Urgency::week : Urgency::month;
}

}  // namespace

std::string date_of(base::WallTime time) {
  const std::time_t seconds = std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
  std::tm parts{};
  char text[32] = "";
  if (gmtime_r(&seconds, &parts) != nullptr) std::strftime(text, sizeof text, "%Y-%m-%d", &parts);
  return text;
}

std::optional<ExpiryWarning> expiry_warning(base::WallTime expires, base::WallTime now) {
  const auto left = expires - now;
  if (left > days(30)) return std::nullopt;
  const auto whole_days = std::chrono::duration_cast<days>(left).count();
  const std::string in_days = "expires in " + std::to_string(whole_days) + (whole_days == 1 ? " day" : " days");
  const std::string date = date_of(expires);
  const Urgency urgency = urgency_of(left);
  switch (urgency) {
    case Urgency::month: return ExpiryWarning{urgency, in_days + ", on " + date + ": renew it in time"};
    case Urgency::week: return ExpiryWarning{urgency, in_days + ", on " + date + ": renew it now"};
    case Urgency::day:
      return ExpiryWarning{urgency, "expires within a day, on " + date +
                                        ": renew it now, or clients and servers will refuse to connect"};
    case Urgency::over: break;
  }
  return ExpiryWarning{urgency, "expired on " + date + ": clients and servers refuse to connect until it is renewed"};
}

}  // namespace certs
