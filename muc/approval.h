// Registrations that wait for an admin (XEP-0045 9.9).
#pragma once

#include <functional>
#include <string>

#include "muc/room.h"

namespace muc {

/// One per shard; copied into what needs it. Who waits is among Room::places(), with a nickname and no affiliation.
class Approval {
 public:
  /// Brings the room's option, and takes what admins answer. `taken`: whether somebody else has a nickname.
  Approval(const Environment& environment,
           std::function<bool(Room&, const std::string& nick, const xmpp::Jid& who)> taken);

  bool is_wanted(const Room& room) const { return room.get(wanted_); }
  /// Whether somebody may ask now; counted as if it had.
  Refusal judge(Room& room, const xmpp::Jid& bare) const;
  /// Asks the admins that are inside; others are asked when they come.
  void ask(Room& room, const xmpp::Jid& bare, const std::string& nick) const;

 private:
  Field<bool> wanted_;
  RoomSlot slot_;
};

}  // namespace muc
