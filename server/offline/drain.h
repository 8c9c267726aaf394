// Hands an account's stored messages to the session that became available, page by page.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>
#include <vector>

#include "offline/offline.h"

namespace offline {

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
  std::unique_ptr<router::AccountHold> hold;
  std::int64_t after = 0;  ///< the last row that was sent
  bool paused = false;     ///< enough is in flight
  xmpp::Jid next;          ///< who became available meanwhile and gets what clearing leaves
};

struct State final : router::FeatureState {
  std::int64_t count = 0;  ///< rows that this component knows of
  std::uint64_t last_drain = 0;
  std::unique_ptr<Drain> drain;
  /// Shared because receipts may outlive the account's stay in memory.
  std::shared_ptr<Flight> flight = std::make_shared<Flight>();
};

/// The offline store of one shard's accounts: copied into every step and receipt.
struct Offline {
  Environment environment;
  router::AccountSlot slot;

  State& state(router::AccountView& account) const { return static_cast<State&>(*account.slot(slot)); }
  /// Begins unless one is under way. While it lasts the account's packets wait, so that order is kept.
  void start_drain(router::AccountView& account, const router::SessionView& session, Task task) const;
  void read_on(router::AccountView& account) const;
  /// Its client has this row; the store may forget it.
  void arrived(const xmpp::Jid& owner, std::int64_t id) const;
  /// Forgets the rows, then goes on with drain `number`.
  void clear(const xmpp::Jid& owner, const std::vector<std::int64_t>& ids, std::uint64_t number, bool last) const;
  /// The last page is done.
  void finish_drain(router::AccountView& account) const;
};

}  // namespace offline
