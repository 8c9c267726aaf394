// Hands an account's stored messages to the session that became available, page by page.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <vector>

#include "base/lazy.h"
#include "offline/offline.h"

namespace offline {

/// A row on its way into the store, which may take long: its unit waits for others of the same sender, and those for
/// accounts that may be draining as well. So a drain takes what it finds here and waits for nobody.
struct Pending {
  xmpp::StanzaRef stanza;
  xmpp::Jid from, to;
  xmpp::Overlay overlay;
  base::WallTime time;
  store::CancelFlag revocation;
  bool settled = false;  ///< durable or failed
  bool arrived = false;  ///< its client has it: the row isn't needed
};
using PendingRef = std::shared_ptr<Pending>;
/// By the row's id.
using PendingRows = std::map<std::int64_t, PendingRef>;

/// Rows that were sent to a session and are not acknowledged yet.
struct Flight {
  std::set<std::int64_t> ids;
  std::size_t bytes = 0;
};

/// What is done with the messages.
enum class Task : std::uint8_t {
  hand_over,  ///< all to a session
  clear,      ///< those that the archive has are forgotten unsent (XEP-0386 4)
};

/// One handing-over under way.
struct Drain {
  Task task = Task::hand_over;
  xmpp::Jid session;
  std::uint64_t number = 0;  ///< tells it from an earlier one to a session of the same name
  /// While the first page is read; from then on what is new for the session waits behind (behind.h).
  std::unique_ptr<router::AccountHold> hold;
  std::int64_t after = 0;            ///< the last row that was sent
  PendingRows unwritten;             ///< what the page being read may not show yet
  std::set<std::int64_t> in_flight;  ///< rows of that page that somebody has been sent
  bool paused = false;               ///< enough is in flight
  bool all_read = false;             ///< nothing is left but what waits behind
  xmpp::Jid next;                    ///< who became available meanwhile and gets what clearing leaves
};

struct State final : router::FeatureState {
  std::int64_t count = 0;  ///< rows that this component knows of
  std::uint64_t last_drain = 0;
  std::unique_ptr<Drain> drain;
  base::Lazy<PendingRows> pending;
  /// Null until there was one. Shared because receipts may outlive the account's stay in memory.
  std::shared_ptr<Flight> flight;
};

/// The offline store of one shard's accounts: copied into every step and receipt.
struct Offline {
  Environment environment;
  router::AccountSlot slot;
  router::SessionSlot behind;

  State& state(router::AccountView& account) const { return static_cast<State&>(*account.slot(slot)); }
  /// Begins unless one is under way. Until the first page is read the account's packets wait, so that order is kept.
  void start_drain(router::AccountView& account, const router::SessionView& session, Task task) const;
  void read_on(router::AccountView& account) const;
  /// Its client has this row; the store may forget it. `pending` if it came from there.
  void arrived(const xmpp::Jid& owner, std::int64_t id, const PendingRef& pending) const;
  void remove(const xmpp::Jid& owner, std::int64_t id) const;
  /// Less is in flight: a drain that waits for this goes on.
  void landed(const xmpp::Jid& owner) const;
  /// The unit of a pending row is durable or has failed.
  void settled(const xmpp::Jid& owner, std::int64_t id, Pending& row, bool durable) const;
  /// Forgets the rows, then goes on with drain `number`.
  void clear(const xmpp::Jid& owner, const std::vector<std::int64_t>& ids, std::uint64_t number, bool last) const;
  /// The last page is done; ends now, or when what waits behind has room.
  void finish_drain(router::AccountView& account) const;
};

/// RFC 6121 8.5.2.1.1: a negative priority gets nothing that was sent to the bare address.
bool may_receive(const router::SessionView& session);
/// Is this one of the messages that a drain hands over?
bool is_from_store(const router::Delivery& delivery);

}  // namespace offline
