// The window of a session (docs/decisions/0002-durable-acks.md): one slot per submitted stanza, in order. A slot is
// complete when its rows are durable, or when the sender was told that they are not.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/lazy.h"
#include "base/ring.h"
#include "router/router.h"
#include "router/session.h"
#include "store/store.h"
#include "store/unit.h"

namespace accounts {

class Windows;

/// Travels on the stanza's packets and collects its rows. When the last holder lets go, on whatever shard, the rows
/// go home: into the slot's turn, or without a slot straight to the store.
class Ticket final : public store::Unit {
 public:
  Ticket(Windows& home, base::Loop& loop, router::SessionId session, std::uint64_t slot, bool promised)
      : home_(home), loop_(loop), session_(session), slot_(slot), promised_(promised) {}
  ~Ticket() override;

  /// Does the sender have XEP-0198?
  bool promised() const override { return promised_; }

 private:
  Windows& home_;
  base::Loop& loop_;
  router::SessionId session_;
  std::uint64_t slot_;
  bool promised_;
};

/// All windows of a shard. This shard's thread only; outlives what its loop runs.
class Windows {
 public:
  Windows(router::Router& router, store::Store& store) : router_(router), store_(store) {}

  void open(router::SessionId session, router::SessionLink& link, const xmpp::Jid& jid);
  /// A new slot behind the others.
  base::Ref<Ticket> take(router::SessionId session);
  /// A ticket for rows that no session waits for.
  base::Ref<Ticket> loose();
  /// What was submitted last: if its rows can't be committed, its sender gets an error.
  void remember(router::SessionId session, xmpp::StanzaRef stanza, xmpp::Jid to);
  /// What was submitted last has gone out in so many copies.
  void weigh(router::SessionId session, std::size_t copies);
  /// Stanzas from now on are counted for this SM-ID.
  void count(router::SessionId session, std::string sm_id);
  /// Nobody is told any more, but rows under way are still written, in order.
  void close(router::SessionId session, bool forget_mark);
  /// Runs `job` when the account has no window left: whatever its sessions asked for has been answered. At once if it
  /// has none.
  void when_closed(const xmpp::Jid& account, base::Fn<void()> job);
  /// Removes marks older than a day, when the loop runs and then hourly. One shard does it for all.
  void start_expiry();
  /// Sessions whose rows are still under way, closed ones included.
  std::size_t size() const { return windows_.size(); }

 private:
  friend class Ticket;
  struct Slot {
    enum class State : std::uint8_t { open, ready, writing, complete };
    State state = State::open;
    store::UnitRef rows;
    xmpp::StanzaRef stanza;
    xmpp::Jid to;
  };
  /// Of a client that may resume.
  struct Mark {
    std::string sm_id;          // empty: not counted
    std::uint64_t counted = 0;  // the first slot that counts for sm_id
  };
  struct Window {
    router::SessionLink* link = nullptr;  // null once closed
    xmpp::Jid jid;
    std::uint64_t first = 0;  // number of the front slot
    std::uint64_t next = 0;   // number of the first slot not given to the store
    bool managed = false;     // its client forgets what was acknowledged (XEP-0198)
    base::Lazy<Mark> mark;
    base::Ring<Slot> slots;
  };

  /// A ticket's last holder has let go.
  struct Return {
    router::SessionId session;
    std::uint64_t slot;
    store::UnitRef rows;  ///< null: none
  };
  void take_back(Return back);
  void returned(Return back);
  void expire_marks();
  void write(store::UnitRef rows);
  void advance(router::SessionId session, Window& window);
  void commit(router::SessionId session, Window& window, std::uint64_t number);
  void committed(router::SessionId session, std::uint64_t number, const base::Result<void>& result);
  void report(router::SessionId session, Window& window);
  void run_waiting(const xmpp::Jid& account);
  bool has_window(const xmpp::Jid& account) const;

  router::Router& router_;
  store::Store& store_;
  std::unordered_map<router::SessionId, Window> windows_;
  std::vector<std::pair<xmpp::Jid, base::Fn<void()>>> waiting_;  // for an account's last window
  std::vector<Return> returns_;                                  // of this turn's stanzas, for the next step
  base::Timer expiry_;
};

}  // namespace accounts
