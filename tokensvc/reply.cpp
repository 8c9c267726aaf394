#include "tokensvc/reply.h"

namespace tokensvc {
namespace {

constexpr std::size_t kBesides = 128;  // bytes of a reply that are always there, expiry and frame included

std::string number(std::chrono::sys_seconds time) { return std::to_string(time.time_since_epoch().count()); }

/// The members that every reply has. Messages are our own words and tokens base64url: neither needs escaping.
std::string begin(bool success, std::string_view message, std::string_view token, std::string_view seq,
                  std::chrono::sys_seconds now) {
  std::string reply;
  reply.reserve(kBesides + message.size() + token.size() + seq.size());
  reply = success ? R"({"success":true,"message":")" : R"({"success":false,"message":")";
  reply.append(message).append(R"(","token":")").append(token).append(R"(","time":)").append(number(now));
  if (!seq.empty()) reply.append(R"(,"seq":)").append(seq);
  return reply;
}

}  // namespace

std::string success_reply(const Issued& issued, std::string_view seq, std::chrono::sys_seconds now) {
  return begin(true, "OK", issued.token, seq, now) + R"(,"exp":)" + number(issued.claims.expires) + '}';
}

std::string pong_reply(std::string_view seq, std::chrono::sys_seconds now) {
  return begin(true, "pong", "", seq, now) + '}';
}

std::string refusal_reply(const Refusal& refusal, std::string_view seq, std::chrono::sys_seconds now) {
  std::string reply = begin(false, refusal.message, "", seq, now);
  return reply.append(R"(,"code":")").append(to_string(refusal.code)).append("\"}");
}

}  // namespace tokensvc
