// What the store is told to change: one row each. `owner` is always a prepared bare address (xmpp::Jid::bare_str()):
// it is a key and nothing else, never a path or a pattern.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <type_traits>
#include <variant>

#include "store/values.h"

namespace store {

// A Put replaces what has the same key, except archive, offline and spool rows, whose ids must be new.
struct AccountPut {
  Account account;
};
/// Removes everything the owner has, in every table, and its affiliations with rooms.
struct AccountDelete {
  std::string owner;
};
struct RosterPut {
  std::string owner;
  RosterItem item;
};
struct RosterDelete {
  std::string owner, jid;
};
struct RosterVersionPut {
  std::string owner;
  std::int64_t version = 0;
};
struct SubscriptionRequestPut {
  std::string owner;
  SubscriptionRequest request;
};
struct SubscriptionRequestDelete {
  std::string owner, jid;
};
struct BlockPut {
  std::string owner, jid;
};
struct BlockDelete {
  std::string owner, jid;
};
struct PrivatePut {
  std::string owner, ns, name, xml;
};
struct PrivateDelete {
  std::string owner, ns, name;
};
struct VcardPut {
  std::string owner, xml;
};
struct VcardDelete {
  std::string owner;
};
struct ArchivePut {
  ArchiveRow row;
};
/// Another stanza in the place of an archived one; nothing if that isn't there any more.
struct ArchiveReplace {
  std::string owner;
  std::int64_t id = 0;
  std::string stanza;
};
/// Retention: of the owner's first kMost rows, so that the writer isn't kept long, removes those older than `before`.
struct ArchiveExpire {
  static constexpr std::int64_t kMost = 1000;
  std::string owner;
  base::WallTime before;
};
struct ArchiveTrim {
  std::string owner;
  std::int64_t upto = 0;  ///< rows up to this id go, ArchiveExpire::kMost at a time
};
struct ArchiveLimitPut {
  std::string owner;
  ArchiveLimit limit;  ///< one that limits nothing is removed
};
struct ArchivePrefsPut {
  std::string owner;
  ArchivePrefs prefs;
};
struct OfflinePut {
  OfflineRow row;
  CancelFlag cancelled = nullptr;
};
struct OfflineDelete {
  std::string owner;
  std::int64_t id = 0;
};
struct SpoolPut {
  SpoolRow row;
  CancelFlag cancelled = nullptr;
};
struct SpoolDelete {
  std::string remote;
  std::int64_t id = 0;
};
struct PinPut {
  PinRow row;
};
struct PinDelete {
  std::string remote;
};
struct LastActivityPut {
  std::string owner;
  LastActivity last;
};
struct SmMarkPut {
  SmMark mark;
};
struct SmMarkDelete {
  std::string sm_id;
};
/// Removes marks that nobody came back for; so many at a time that the writer isn't kept long.
struct SmMarkExpire {
  static constexpr std::int64_t kMost = 10000;
  base::WallTime before;
};
/// Replaces the room's own row and leaves its affiliations.
struct RoomPut {
  Room room;
};
/// The room with all it has, and the first of its archive; the rest is left to retention: the writer isn't kept long.
struct RoomDelete {
  static constexpr std::int64_t kMost = 1000;
  std::string room;
};
/// Removes temporary rooms: at start-up, when nobody can be in one.
struct RoomsForget {};
struct RoomAffiliationPut {
  std::string room;
  RoomAffiliation item;
};
struct RoomAffiliationDelete {
  std::string room, jid;
};
struct RoomChangePut {
  static constexpr std::int64_t kMost = 500;  ///< older ones are removed
  std::string room;
  RoomChange change;
};
struct TokenIssued {
  TokenRecord record;
};
/// Retention: of the first kMost rows, so that the writer isn't kept long, removes those older than `before`.
struct TokenExpire {
  static constexpr std::int64_t kMost = 1000;
  base::WallTime before;
};

struct UploadPut {
  UploadRecord record;
};
/// Nobody gets the file any more; who keeps the files removes it. `owner` has to be its owner's address.
struct UploadWithdraw {
  std::string id, owner;
};
/// `owner` has sent `peer` a message that speaks of it.
struct UploadMention {
  static constexpr std::int64_t kMost = 100;  ///< of one file; later ones don't count
  std::string id, owner;
  std::string peer;     ///< bare address
  std::string message;  ///< what a retraction will name it by
};
/// The same as UploadWithdraw of all that this message spoke of, and no other does.
struct UploadRetract {
  std::string owner, peer, message;
};
/// Its file may go. Within a day of its coming its bytes still count, and its id is still used.
struct UploadDelete {
  static constexpr std::chrono::hours kCounts{24};
  std::string id;
  base::WallTime now;
};

using AnyRow =
    std::variant<AccountPut, AccountDelete, RosterPut, RosterDelete, RosterVersionPut, SubscriptionRequestPut,
                 SubscriptionRequestDelete, BlockPut, BlockDelete, PrivatePut, PrivateDelete, VcardPut, VcardDelete,
                 ArchivePut, ArchiveReplace, ArchiveExpire, ArchiveTrim, ArchiveLimitPut, ArchivePrefsPut, OfflinePut,
                 OfflineDelete, SpoolPut, SpoolDelete, PinPut, PinDelete, LastActivityPut, SmMarkPut, SmMarkDelete,
                 SmMarkExpire, RoomPut, RoomDelete, RoomsForget, RoomAffiliationPut, RoomAffiliationDelete,
                 RoomChangePut, TokenIssued, TokenExpire, UploadPut, UploadWithdraw, UploadMention, UploadRetract,
                 UploadDelete>;

template <class Kind, class Any>
inline constexpr bool kIsKindOf = false;
template <class Kind, class... Kinds>
inline constexpr bool kIsKindOf<Kind, std::variant<Kinds...>> = (std::is_same_v<Kind, Kinds> || ...);

/// One of them. What a variant of so many kinds needs is compiled once (rows.cpp): it was half the time of every source
/// that puts a row in.
class Row : public AnyRow {
 public:
  template <class Kind>
    requires kIsKindOf<Kind, AnyRow>
  Row(Kind kind);  // implicit, as a variant's is
  Row(const Row& other);
  Row(Row&& other) noexcept;
  Row& operator=(const Row& other);
  Row& operator=(Row&& other) noexcept;
  ~Row();
};

/// By which its issuer takes a row back; null where he can't.
Revocation* revocation_of(const Row& row);

}  // namespace store
