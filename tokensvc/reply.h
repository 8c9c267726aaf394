// The reply object, byte for byte: SkotOS finds its parts by pattern, so members keep their order and nothing is
// spaced.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "tokensvc/issue.h"
#include "tokensvc/refusal.h"

namespace tokensvc {

/// `seq` is JSON, or empty for none. Without the line protocol's terminator.
std::string success_reply(const Issued& issued, std::string_view seq, std::chrono::sys_seconds now);
std::string pong_reply(std::string_view seq, std::chrono::sys_seconds now);
std::string refusal_reply(const Refusal& refusal, std::string_view seq, std::chrono::sys_seconds now);

}  // namespace tokensvc
