// From a chat room, or from what somebody calls a meeting, to a room of Jitsi and its link. No two rooms, and no room
// and no person, ever get the same Jitsi room, except where the administrator wants one for all: who owns a room must
// not become a moderator in another's meeting by calling his own like it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/random.h"
#include "tokensvc/settings.h"
#include "xmpp/jid.h"

namespace tokensvc {

/// The same names as long as the server keeps its secret.
class RoomNames {
 public:
  explicit RoomNames(std::string_view secret);

  /// What the room's meeting is called in Jitsi, where its owners call it `name`. Nothing if that can't be a name.
  std::optional<std::string> of_room(const MeetingRule& rule, const xmpp::Jid& room, std::string_view name) const;
  /// The same of a meeting of somebody's own; nobody else's has this name, whatever they call it.
  std::optional<std::string> of_person(const MeetingRule& rule, const xmpp::Jid& who, std::string_view name) const;

 private:
  std::string tag(std::string_view kind, const xmpp::Jid& whose, std::string_view name) const;

  std::string key_;
};

/// A name that nobody guesses.
std::string random_name(base::Random& random);

/// As Jitsi's clients write it in the room's address and Jitsi compares it with the claim `room`: percent-encoded, then
/// in lower case.
std::string claim_of(std::string_view name);

/// Without a token.
std::string link_to(const MeetingRule& rule, std::string_view name);
std::string with_token(const std::string& link, std::string_view token);

}  // namespace tokensvc
