// Somebody in a room, by nickname; with a session for each client that entered under it (XEP-0045 7.2.8).
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
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
  xmpp::Jid jid;               ///< full, where it is reached
  xmpp::StanzaRef presence;    ///< as it was sent last
  std::uint64_t number = 0;    ///< in the order in which they entered
  std::uint8_t asked_for = 0;  ///< what it wants beside the usual, in bits that behaviours take (behaviour.h)
};

/// Which sessions of others have been shown an occupant, and so have to be told when it changes or goes. By the
/// sessions' numbers: the earlier ones, and some later ones.
class Known {
 public:
  bool to(std::uint64_t session) const { return session < before_ || std::ranges::find(also_, session) != also_.end(); }
  bool to_all() const { return before_ == kAll; }
  bool to_nobody() const { return before_ == 0 && also_.empty(); }
  /// To those inside, and to whoever enters.
  void tell_all() {
    before_ = kAll;
    also_.clear();
  }
  void tell_nobody() {
    before_ = 0;
    also_.clear();
  }
  /// Who enters with this number or a later one isn't shown it.
  void end_at(std::uint64_t session) {
    if (to_all()) before_ = session;
  }
  void add(std::uint64_t session) {
    if (!to(session)) also_.push_back(session);
  }
  /// How many of the later ones.
  std::size_t added() const { return also_.size(); }

 private:
  static constexpr std::uint64_t kAll = std::numeric_limits<std::uint64_t>::max();

  std::uint64_t before_ = 0;
  std::vector<std::uint64_t> also_;
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
  Known known;
  std::vector<std::unique_ptr<State>> slots;

  Standing standing() const { return {affiliation, role}; }
  const Session* session(const xmpp::Jid& full) const {
    for (const Session& one : sessions)
      if (one.jid == full) return &one;
    return nullptr;
  }
  Session* session(const xmpp::Jid& full) {
    for (Session& one : sessions)
      if (one.jid == full) return &one;
    return nullptr;
  }
};

}  // namespace muc
