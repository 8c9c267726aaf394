// Somebody in a room, by nickname; with a session for each client that entered under it (XEP-0045 7.2.8).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "muc/affiliation.h"
#include "xmpp/jid.h"
#include "xmpp/stanza.h"

namespace muc {

/// What a behaviour keeps in memory of a room or an occupant.
class State {
 public:
  virtual ~State() = default;
};
enum class RoomSlot : std::uint8_t {};
enum class OccupantSlot : std::uint8_t {};

struct Session {
  xmpp::Jid jid;             ///< full, where it is reached
  xmpp::StanzaRef presence;  ///< as it was sent last
};

struct Occupant {
  std::string nick;
  xmpp::Jid address;  ///< room@service/nick
  xmpp::Jid bare;     ///< of the person
  Affiliation affiliation = Affiliation::none;
  Role role = Role::none;
  std::vector<Session> sessions;  ///< at least one; the last spoke last
  /// What others are sent of its presence, with its address and without; made when first needed.
  xmpp::StanzaRef open, veiled;
  bool told = false;  ///< the others have seen it come
  std::vector<std::unique_ptr<State>> slots;

  Standing standing() const { return {affiliation, role}; }
  const Session* session(const xmpp::Jid& full) const {
    for (const Session& one : sessions)
      if (one.jid == full) return &one;
    return nullptr;
  }
};

}  // namespace muc
