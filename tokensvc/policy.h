// Who may ask for what. A caller is a game, an HTTP key or an XMPP host, already authenticated by whoever has its
// connection; everything here is a judgement without a side effect, except that a bucket empties.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "tokensvc/request.h"

namespace tokensvc {

/// A token bucket: `per_minute` on average, `burst` at once. 0 a minute is without a limit.
struct Rate {
  std::uint32_t per_minute = 0;
  std::uint32_t burst = 1;
};

struct Caller {
  std::string name;     ///< for the audit
  std::string issuer;   ///< the app id its tokens carry
  std::string subject;  ///< the XMPP domain its tokens are for
  std::string audience = "jitsi";
  /// What it may open: `*` in a pattern is any text; case is ignored, because Jitsi ignores it. Nothing when empty.
  std::vector<std::string> channels;
  /// Other subjects and tenants it may name; patterns as above.
  std::vector<std::string> tenants;
  bool may_moderate = false;
  /// The room or subject `*`, and rooms given as Lua patterns.
  bool may_use_wildcards = false;
  std::chrono::seconds default_validity{600};
  std::chrono::seconds max_validity{86400};
  Rate rate;
};

/// When the token it asks for would end, or why it gets none.
std::expected<std::chrono::sys_seconds, Refusal> judge(const Caller& caller, const Request& request,
                                                       std::chrono::sys_seconds now);

/// True when the text is what the pattern says; `*` stands for any text, the empty one too.
bool matches(std::string_view pattern, std::string_view text);

/// One caller's bucket, shared by its connections.
class Bucket {
 public:
  /// Nothing when this one may pass; else how long the next has to wait.
  std::optional<base::Duration> take(const Rate& rate, base::MonoTime now);

 private:
  base::MonoTime full_ = base::MonoTime::min();  ///< when nothing would be missing any more
};

}  // namespace tokensvc
