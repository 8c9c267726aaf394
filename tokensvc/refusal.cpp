#include "tokensvc/refusal.h"

namespace tokensvc {

std::string_view to_string(Code code) {
  switch (code) {
    case Code::bad_json: return "bad_json";
    case Code::bad_request: return "bad_request";
    case Code::missing_field: return "missing_field";
    case Code::bad_field: return "bad_field";
    case Code::unknown_cmd: return "unknown_cmd";
    case Code::forbidden: return "forbidden";
    case Code::rate_limited: return "rate_limited";
    case Code::too_large: return "too_large";
    case Code::unavailable: return "unavailable";
  }
  return {};
}

}  // namespace tokensvc
