// What c2s and accounts say to each other about a bound resource (docs/decisions/0003-sessions.md). Both ends live on
// the shard that owns the account.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/function.h"
#include "base/result.h"
#include "router/delivery.h"
#include "xmpp/error.h"
#include "xmpp/jid.h"

namespace router {

enum class SessionId : std::uint64_t { none = 0 };

/// The client's end, implemented by c2s; lives until unbind() or until after close().
class SessionLink {
 public:
  /// Sends to the client; queued while it is hibernated. Never calls back into accounts.
  virtual void deliver(Delivery delivery) = 0;
  /// The `count` oldest stanzas of submit() that were not complete are complete: durable, answered, or nothing to keep.
  virtual void completed(std::uint32_t count) = 0;
  /// The stanza submitted last is under way in so many copies: a fan-out fills the window as they would.
  virtual void weigh(std::size_t copies) = 0;
  /// Ends the stream with this error. accounts has unbound the session already and calls nothing more; `unacknowledged`
  /// takes what the client never acknowledged, for redelivery.
  virtual std::vector<Delivery> close(const xmpp::StreamError& why) = 0;
  /// For listings.
  virtual std::string peer() const = 0;
  virtual bool hibernated() const = 0;

 protected:
  ~SessionLink() = default;
};

struct BindRequest {
  xmpp::Jid account;                    ///< bare
  std::string resource;                 ///< as wanted by the client, unprepared; empty for one of ours
  const xml::Element* bind2 = nullptr;  ///< Bind 2's <bind/>, copied if needed later
  SessionLink* link = nullptr;
};

struct Bound {
  SessionId id = SessionId::none;
  xmpp::Jid jid;
  xml::Document bound;  ///< XEP-0386's <bound/> as the features filled it; empty without `bind2`
};

/// The account's end, implemented by accounts; one per shard, for accounts of that shard.
class SessionService {
 public:
  virtual ~SessionService() = default;

  /// Loads the account if need be, closes an older session with the same resource (`conflict`) and calls `done` once,
  /// perhaps before bind() returns: bad-request for an impossible resource, not-authorized for an account that is gone
  /// or disabled, resource-constraint, internal-server-error (wait) when loading failed or took too long.
  virtual void bind(BindRequest request, base::Fn<void(base::Result<Bound, xmpp::StanzaError>)> done) = 0;
  /// A first-level element that is a stanza by name, as the client sent it. Takes a slot of the window; errors in it
  /// are answered here. May call the link before it returns.
  virtual void submit(SessionId session, xml::Document element) = 0;
  /// From now on stanzas are counted for this SM-ID: its mark (h) is written with their rows.
  /// Empty where nobody can resume: what is acknowledged is kept all the same.
  virtual void sm_enabled(SessionId session, std::string sm_id) = 0;
  virtual void client_state(SessionId session, bool active) = 0;
  /// The session is over: `unacknowledged`, oldest first, is redelivered by RFC 6121 8.5. `forget_mark` when the client
  /// closed the stream itself, so that nobody will resume.
  virtual void unbind(SessionId session, std::vector<Delivery> unacknowledged, bool forget_mark) = 0;
};

}  // namespace router
