// Invitations for those whose address isn't known: whoever enters with a token becomes a member (XEP-0488).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "muc/behaviour.h"

namespace muc {

/// `members_may`: whether members may invite.
void add_token_invites(const Environment& environment, Field<bool> members_may);

/// One token, as a room keeps it among its values.
struct InviteToken {
  std::string text;
  std::int64_t expires = 0;   ///< seconds since 1970
  std::uint32_t counter = 0;  ///< how many it still lets in; 0: any number
  std::string creator;        ///< bare

  std::string to_text() const;
  static std::optional<InviteToken> parse(const std::string& text);
};

}  // namespace muc
