// A request for a token, as a game's line and an HTTP body have it: one JSON object.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "tokensvc/claims.h"
#include "tokensvc/refusal.h"

namespace tokensvc {

struct Request {
  enum class Command : std::uint8_t { jwt_token, ping };

  Command command = Command::jwt_token;
  User user;
  std::string channel;
  bool moderator = false;
  std::string group, tenant, subject;
  std::optional<Claims::Features> features;
  bool channel_is_pattern = false;  ///< the field `regex`
  std::optional<std::chrono::seconds> valid_for;
  std::optional<std::chrono::sys_seconds> valid_until;
};

struct Parsed {
  std::string seq;  ///< what the reply echoes, as JSON; empty if there is none
  std::expected<Request, Refusal> request;
};

/// What is wrong in the text itself; policy.h judges the rest. Members that are unknown or null count as absent.
Parsed parse_request(std::string_view json);

/// From text that is no JSON: the last `"seq":` with an integer, so that a game's callback fails at once rather than
/// after its time-out. Empty if there is none.
std::string recover_seq(std::string_view text);

}  // namespace tokensvc
