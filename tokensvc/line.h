// The line protocol of chat_admin_server, as games speak it: a JSON object a frame, a reply for each. No socket and no
// clock: bytes and the time in, replies out.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "tokensvc/frames.h"
#include "tokensvc/issue.h"

namespace tokensvc {

/// One connection's side of it. Whoever has the socket decides when to ask for the next reply: that is back-pressure,
/// and on connections to a game the pace.
class Line {
 public:
  struct Answer {
    std::string bytes;             ///< with the terminator LF NUL; to be written at once, in one piece
    std::optional<Claims> issued;  ///< the token it carries, for the audit
    std::string seq;               ///< what it echoes, should another answer have to take its place
  };

  /// Takes bytes from the front of `input` until a frame asks for an answer. Nothing when all were taken.
  std::optional<Answer> next(std::string_view& input, Desk& desk, Instant now);
  static Answer refuse(const Refusal& refusal, std::string_view seq, Instant now);

  /// The connection is to be closed once its last reply is written; what comes is swallowed.
  bool closed() const { return frames_.overflown(); }

 private:
  Frames frames_;
};

}  // namespace tokensvc
