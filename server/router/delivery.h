// The points at which a stanza can be looked at on its way past an account, and what a step may see there.
// `features/` and `offline/` add steps, `accounts/` calls them on the owner's shard, in list order.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/function.h"
#include "base/ref.h"
#include "base/result.h"
#include "router/packet.h"
#include "router/settings.h"

namespace store {
class Reader;
}

namespace router {

class Router;

/// Told when a client has what it was sent: acknowledged by XEP-0198, or without it written to the socket.
/// Dropped without the call when the session ended first.
class Receipt : public base::RefCounted {
 public:
  /// On the shard of the recipient's account, at most once.
  virtual void acknowledged() = 0;
};

/// One stanza for one session. It holds no ticket: a client that acknowledges late keeps no sender waiting.
struct Delivery {
  xmpp::StanzaRef stanza;
  xmpp::Jid from, to;
  xmpp::Overlay overlay;
  base::Ref<Receipt> receipt;  ///< empty where nobody asks
  bool kept = false;           ///< the offline store has it, or it isn't to be stored: no row at redelivery
  bool archived = false;       ///< a row in the account's archive holds it
  base::WallTime time = {};    ///< of its first delivery, to be told when it comes late (XEP-0203); zero: never told
};

/// What a feature keeps in memory for one account or one session.
class FeatureState {
 public:
  virtual ~FeatureState() = default;
};
/// Where it is found; given out by DeliveryPoints at start.
enum class AccountSlot : std::uint8_t {};
enum class SessionSlot : std::uint8_t {};

/// One bound resource. Valid during the call that passed it, unless the step is told of its end (session_closed).
class SessionView {
 public:
  virtual const xmpp::Jid& jid() const = 0;  ///< full
  /// Has it sent available presence (RFC 6121 4.2) and not taken it back?
  virtual bool available() const = 0;
  virtual int priority() const = 0;
  /// The presence it broadcast last; empty if it is unavailable.
  virtual PacketRef presence() const = 0;
  virtual std::unique_ptr<FeatureState>& slot(SessionSlot slot) = 0;
  /// To the client, past the `delivering` steps.
  virtual void send(Delivery delivery) = 0;
  /// To the client at once: for a step that held the delivery back.
  virtual void send_now(Delivery delivery) = 0;

 protected:
  ~SessionView() = default;
};

/// While it lives, what arrives for the account queues (bounded, with a deadline) and is handled afterwards, in order.
class AccountHold {
 public:
  virtual ~AccountHold() = default;
};

enum class SubscriptionState : std::uint8_t { none, to, from, both };

/// One local account, loaded, on its owner's shard.
class AccountView {
 public:
  virtual const xmpp::Jid& jid() const = 0;  ///< bare
  virtual const HostSettings& host() const = 0;
  virtual Router& router() = 0;
  virtual std::span<SessionView* const> sessions() = 0;
  /// By full address; null if it is not bound.
  virtual SessionView* session(const xmpp::Jid& full) = 0;
  /// The roster's word on `contact` (its bare form counts); nothing if it is not in the roster.
  virtual std::optional<SubscriptionState> subscription(const xmpp::Jid& contact) const = 0;
  /// Loaded state of a feature; null where it has nothing to keep.
  virtual std::unique_ptr<FeatureState>& slot(AccountSlot slot) = 0;
  /// Makes this account's packets wait; see AccountHold.
  virtual std::unique_ptr<AccountHold> hold() = 0;
  /// Addresses this account's presence goes to or comes from, for features that cut contacts off (XEP-0191 4):
  /// sends unavailable (or the current) presence of every available session to `contact`, or to every subscriber of a
  /// domain. What hides_from says now holds.
  virtual void send_presence_to(const xmpp::Jid& contact, bool available) = 0;
  /// Runs `job` when every row issued for this account so far is durable or has failed: reads see writes
  /// (ARCHITECTURE 3.8). At once if none is open; not at all if the account is removed first.
  virtual void after_rows(base::Fn<void()> job) { job(); }
  /// The id of this account's next offline row, for whoever writes one: strictly increasing.
  virtual std::int64_t next_offline_id() { return 0; }
  /// False as long as the store had no row of this account's when it was loaded and no id was given out since.
  virtual bool may_have_offline_rows() const { return true; }
  /// The offline rows that stand in for messages which a session was sent and has not acknowledged: not for others
  /// meanwhile.
  virtual std::set<std::int64_t> offline_rows_in_flight() const { return {}; }

 protected:
  ~AccountView() = default;
};

/// One stanza on its way past one account. Steps never edit the packet; what is stamped or stripped lies in the
/// overlay.
struct Passage {
  PacketRef packet;
  AccountView& account;
  SessionView* session;        ///< the sender's, outbound; null inbound
  xmpp::Overlay overlay;       ///< what the copies for this account's own sessions differ by
  base::Ref<base::Held> rows;  ///< the store::Unit that takes this stanza's rows (store::unit_of)
  bool archived = false;       ///< a row in this account's archive holds it
  bool may_store = true;       ///< false after a no-store hint (XEP-0334)
  bool may_copy = true;        ///< false after a no-copy hint or <private/> (XEP-0280)
  base::WallTime time = {};    ///< when it came, if that was earlier: a session had it and ended; zero: now
};

/// What a step decides. `pass` goes on with the next step, `done` ends the way in silence, an error ends it and
/// goes back to the sender where RFC 6120 8.3.1 allows it.
class Verdict {
 public:
  static Verdict pass() { return Verdict(false, std::nullopt); }
  static Verdict done() { return Verdict(true, std::nullopt); }
  Verdict(xmpp::StanzaError error) : ends_(true), error_(std::move(error)) {}  // NOLINT(google-explicit-constructor)

  bool ends() const { return ends_; }
  const std::optional<xmpp::StanzaError>& error() const { return error_; }

 private:
  Verdict(bool ends, std::optional<xmpp::StanzaError> error) : ends_(ends), error_(std::move(error)) {}
  bool ends_;
  std::optional<xmpp::StanzaError> error_;
};

/// The named points, filled at start from one visible list, then only read. One per shard.
struct DeliveryPoints {
  using StanzaStep = std::function<Verdict(Passage&)>;
  using SessionStep = std::function<void(AccountView&, SessionView&)>;
  /// Reads what a feature keeps of an account, in the one job that loads it. On the store's executor.
  using Loader = std::function<base::Result<std::unique_ptr<FeatureState>>(store::Reader&, const xmpp::Jid& account)>;

  /// 1. A local session's stanza, stamped, before it is routed or handled.
  std::vector<StanzaStep> outbound;
  /// 2. A stanza for this account or one of its sessions, before resources are chosen.
  std::vector<StanzaStep> inbound;
  /// 3. After resources were chosen and have it; `chosen` is empty for outbound stanzas (sent copies), and for a
  /// message that waits because nobody was to be chosen.
  std::vector<std::function<void(Passage&, std::span<SessionView* const> chosen)>> delivered;
  /// 4. A message for which RFC 6121 8.5 found no resource; `pass` from all gives the answer of 8.5.
  std::vector<StanzaStep> undelivered;
  /// 5. The last look at what one session gets; true keeps it back (the step owns it then).
  std::vector<std::function<bool(SessionView&, Delivery&)>> delivering;
  /// 6. A resource was bound. `request` is Bind 2's <bind/> or null, `bound` the <bound/> to add to (XEP-0386).
  std::vector<std::function<void(AccountView&, SessionView&, const xml::Element* request, xml::Element* bound)>>
      session_bound;
  /// 7. Its first available presence whose priority is not negative (XEP-0160 3), after it was broadcast.
  std::vector<SessionStep> session_available;
  /// 8. Unbound, before its unacknowledged deliveries are redelivered. Its slots die afterwards.
  std::vector<SessionStep> session_closed;
  /// 9. The client said it is active or inactive (XEP-0352).
  std::vector<std::function<void(AccountView&, SessionView&, bool active)>> client_state;
  /// 10. Asked for each contact before this account's presence is broadcast to it (also unavailable presence, and the
  /// answer to a probe): true keeps it back, whatever the roster says (XEP-0191 3.3).
  std::vector<std::function<bool(AccountView&, const xmpp::Jid& contact)>> hides_from;
  /// 11. The server is about to end its streams: what is kept for later is written now, and from now on at once.
  std::vector<std::function<void()>> stopping;

  /// A place for a feature's state in each account, filled by `loader` before the account's first packet.
  AccountSlot account_slot(Loader loader) {
    loaders.push_back(std::move(loader));
    return static_cast<AccountSlot>(loaders.size() - 1);
  }
  SessionSlot session_slot() { return static_cast<SessionSlot>(session_slots++); }

  std::vector<Loader> loaders;  ///< by AccountSlot
  std::uint8_t session_slots = 0;
};

/// Finds the account an iq handler was called for. One per shard, implemented by accounts/.
class AccountDirectory {
 public:
  virtual ~AccountDirectory() = default;
  /// By bare address. Never null for the `to` or the local `from` of a request in its handler; null for an account
  /// that is not loaded.
  virtual AccountView* account(const xmpp::Jid& bare) = 0;
};

}  // namespace router
