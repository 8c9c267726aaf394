// Why a request gets no token: a code for programs, a sentence for people.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace tokensvc {

enum class Code : std::uint8_t {
  bad_json,
  bad_request,
  missing_field,
  bad_field,
  unknown_cmd,
  forbidden,
  rate_limited,
  too_large,
  unavailable,
};

/// As replies have it: "bad_json".
std::string_view to_string(Code code);

struct Refusal {
  Code code;
  std::string message;                  ///< never repeats what the caller sent: its own patterns scan our replies
  std::chrono::seconds retry_after{0};  ///< of rate_limited
};

}  // namespace tokensvc
