// What the store keeps, as plain values. `owner` is always a prepared bare address (xmpp::Jid::bare_str()):
// it is a key and nothing else, never a path or a pattern.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"

namespace store {

enum class Scram : std::uint8_t { sha1 = 1, sha256 = 2, sha512 = 3 };

/// One mechanism's keys (RFC 5802 section 3); raw bytes. Never logged.
struct ScramKeys {
  Scram hash = Scram::sha256;
  std::string salt;
  std::int64_t iterations = 0;
  std::string stored_key;
  std::string server_key;
  bool operator==(const ScramKeys&) const = default;
};

struct Account {
  std::string local;
  std::string host;
  bool disabled = false;
  std::vector<ScramKeys> keys;  ///< at most one for each hash
  std::string owner() const { return local + '@' + host; }
  bool operator==(const Account&) const = default;
};

enum class Subscription : std::uint8_t { none = 0, to = 1, from = 2, both = 3 };

struct RosterItem {
  std::string jid;
  std::string name;
  Subscription subscription = Subscription::none;
  bool ask = false;       ///< ask='subscribe': our request is pending
  bool approved = false;  ///< pre-approved (RFC 6121 section 3.4)
  std::vector<std::string> groups;
  bool operator==(const RosterItem&) const = default;
};

/// A contact's request to see our presence that the account has not answered yet (RFC 6121 section 3.1.3).
struct SubscriptionRequest {
  std::string jid;     ///< bare
  std::string stanza;  ///< as it came, for delivery at each login
  bool operator==(const SubscriptionRequest&) const = default;
};

enum class Direction : std::uint8_t { in = 0, out = 1 };

struct ArchiveRow {
  std::string owner;    ///< whose archive: an account or a room
  std::int64_t id = 0;  ///< assigned by the archive's owner, strictly increasing for each archive
  std::string with;     ///< the peer, bare or full
  Direction direction = Direction::in;
  base::WallTime time;
  std::string stanza;
  std::uint32_t hints = 0;  ///< kind of stanza, in bits that the archiving feature defines
  bool operator==(const ArchiveRow&) const = default;
};

/// How much of an archive its owner wants kept; 0 in any of them: all.
struct ArchiveLimit {
  std::int64_t days = 0, messages = 0, bytes = 0;
  bool operator==(const ArchiveLimit&) const = default;
};

enum class ArchiveDefault : std::uint8_t { always = 0, never = 1, roster = 2 };

struct ArchivePrefs {
  ArchiveDefault otherwise = ArchiveDefault::always;
  std::vector<std::string> always;
  std::vector<std::string> never;
  bool operator==(const ArchivePrefs&) const = default;
};

struct OfflineRow {
  std::string owner;
  std::int64_t id = 0;  ///< assigned by the owner, strictly increasing for each owner
  base::WallTime time;
  std::string stanza;
  bool operator==(const OfflineRow&) const = default;
};

struct LastActivity {
  base::WallTime time;
  std::string status;
  bool operator==(const LastActivity&) const = default;
};

/// How far a resumable session (XEP-0198) had counted when its rows were committed.
struct SmMark {
  std::string sm_id;
  std::string owner;
  std::uint32_t h = 0;
  base::WallTime time;  ///< of the last change
  bool operator==(const SmMark&) const = default;
};

/// Somebody's lasting standing in a room (XEP-0045 section 5.2).
struct RoomAffiliation {
  std::string jid;               ///< a bare address or a domain
  std::uint8_t affiliation = 0;  ///< as muc/ numbers them
  std::string nick;              ///< reserved, or empty
  std::string reason;
  bool operator==(const RoomAffiliation&) const = default;
};

/// A room. One that is temporary is forgotten when its end was not written.
struct Room {
  std::string room;  ///< its bare address
  std::string service;
  base::WallTime created;
  std::string name;
  bool listed = false;
  bool temporary = false;
  std::string settings;  ///< muc/'s own text, as is the subject
  std::string subject;
  std::int64_t archive_from = 0;  ///< archive rows with a lower id belong to an earlier room of this name
  bool operator==(const Room&) const = default;
};

/// One change of a room's affiliations (XEP-0463).
struct RoomChange {
  std::int64_t number = 0;  ///< one more with each
  std::string jid, mark;    ///< whose place; random, as a crash may take a change back and another has its number
  bool open = false;        ///< members are told as well: no change among outcasts
  std::int64_t places = 0;  ///< that the room has with it
  bool operator==(const RoomChange&) const = default;
};

/// A token that was handed out, for those who ask later; never the token itself.
struct TokenRecord {
  base::WallTime time;
  std::string caller;
  std::uint8_t way = 0;  ///< as tokensvc/ numbers them
  std::string user, name;
  std::string room, subject;
  bool moderator = false;
  base::WallTime expires;
  bool operator==(const TokenRecord&) const = default;
};

/// A file that somebody has put (XEP-0363); its bytes lie on disk, by their hash.
struct UploadRecord {
  std::string id;     ///< in its URL
  std::string owner;  ///< bare address
  std::string name, type;
  std::string hash;  ///< SHA-256, hexadecimal
  std::int64_t bytes = 0;
  std::uint8_t purpose = 0;  ///< as web/ numbers them
  base::WallTime created;
  base::WallTime expires;  ///< nobody gets it from then on
  bool operator==(const UploadRecord&) const = default;
};

/// A stanza that its sender was told is kept, on its way to a remote domain that has not acknowledged it.
struct SpoolRow {
  std::string remote;   ///< whose it is: prepared, as is `local`
  std::int64_t id = 0;  ///< assigned by the remote domain's owner, strictly increasing for each remote domain
  std::string local;
  base::WallTime time;      ///< when it came
  base::WallTime deadline;  ///< its sender gets an error afterwards
  std::string stanza;       ///< with both addresses
  bool operator==(const SpoolRow&) const = default;
};

/// The key that a remote domain showed at first, and has to show from then on.
struct PinRow {
  std::string remote;
  std::string key;  ///< SHA-256, hexadecimal
  base::WallTime since;
  bool operator==(const PinRow&) const = default;
};

/// What an offline or spool row's issuer and the writer's thread tell each other.
struct Revocation {
  std::atomic<bool> cancelled{false};  ///< by the issuer: needless, left out if its commit has not begun
  std::atomic<bool> written{false};    ///< by the writer, before it reports: the row is in the store
};
using CancelFlag = std::shared_ptr<Revocation>;

}  // namespace store
