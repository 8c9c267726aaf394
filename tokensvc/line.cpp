#include "tokensvc/line.h"

#include "tokensvc/reply.h"

namespace tokensvc {
namespace {

/// LF for those who read lines, NUL for those who wait for it.
std::string terminated(std::string reply) { return reply.append("\n\0", 2); }

Line::Answer refuse(const Refusal& refusal, std::string_view seq, Instant now) {
  return {terminated(refusal_reply(refusal, seq, now.seconds())), std::nullopt};
}

Line::Answer answer(std::string_view frame, Desk desk, Instant now) {
  const Parsed parsed = parse_request(frame);
  if (!parsed.request) return refuse(parsed.request.error(), parsed.seq, now);
  if (parsed.request->command == Request::Command::ping)
    return {terminated(pong_reply(parsed.seq, now.seconds())), std::nullopt};
  auto issued = issue(desk, *parsed.request, now);
  if (!issued) return refuse(issued.error(), parsed.seq, now);
  return {terminated(success_reply(*issued, parsed.seq, now.seconds())), std::move(issued->claims)};
}

}  // namespace

std::optional<Line::Answer> Line::next(std::string_view& input, Desk desk, Instant now) {
  if (closed()) {
    input = {};
    return std::nullopt;
  }
  if (const auto frame = frames_.next(input)) return answer(*frame, desk, now);
  if (closed()) return refuse({Code::too_large, "a request has 16384 bytes at most"}, {}, now);
  return std::nullopt;
}

}  // namespace tokensvc
