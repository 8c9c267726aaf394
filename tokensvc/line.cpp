#include "tokensvc/line.h"

#include <utility>

#include "tokensvc/reply.h"

namespace tokensvc {
namespace {

/// LF for those who read lines, NUL for those who wait for it.
std::string terminated(std::string reply) { return reply.append("\n\0", 2); }

Line::Answer answer(std::string_view frame, Desk& desk, Instant now) {
  Parsed parsed = parse_request(frame);
  if (!parsed.request) return Line::refuse(parsed.request.error(), parsed.seq, now);
  if (parsed.request->command == Request::Command::ping)
    return {terminated(pong_reply(parsed.seq, now.seconds())), std::nullopt, parsed.seq};
  auto issued = issue(desk, std::move(*parsed.request), now);
  if (!issued) return Line::refuse(issued.error(), parsed.seq, now);
  std::string reply = terminated(success_reply(*issued, parsed.seq, now.seconds()));
  return {std::move(reply), std::move(issued->claims), std::move(parsed.seq)};
}

}  // namespace

Line::Answer Line::refuse(const Refusal& refusal, std::string_view seq, Instant now) {
  return {terminated(refusal_reply(refusal, seq, now.seconds())), std::nullopt, std::string(seq)};
}

std::optional<Line::Answer> Line::next(std::string_view& input, Desk& desk, Instant now) {
  if (closed()) {
    input = {};
    return std::nullopt;
  }
  if (const auto frame = frames_.next(input)) return answer(*frame, desk, now);
  if (closed()) return refuse({Code::too_large, "a request has 16384 bytes at most"}, {}, now);
  return std::nullopt;
}

}  // namespace tokensvc
