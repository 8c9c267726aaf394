// The bus's unit: an immutable stanza with where it comes from, where it goes, and what waits for it.
#pragma once

#include <cstdint>
#include <utility>

#include "base/ref.h"
#include "xmpp/jid.h"
#include "xmpp/stanza.h"

namespace router {

/// How a stanza came onto the bus. Trust follows from it, never from its content.
enum class Origin : std::uint8_t {
  server,     ///< made by this server on its own or an account's behalf
  session,    ///< a local client; `from` was stamped with its full JID
  remote,     ///< a remote domain that was authenticated
  component,  ///< a local component (rooms, proxy, …)
};

/// Shared between shards and never changed after it was posted; what a delivery alters lies in an xmpp::Overlay.
class Packet final : public base::RefCounted {
 public:
  Packet(xmpp::StanzaRef stanza, xmpp::Jid from, xmpp::Jid to, Origin origin, base::Ref<base::Held> ticket = {})
      : stanza_(std::move(stanza)),
        from_(std::move(from)),
        to_(std::move(to)),
        ticket_(std::move(ticket)),
        origin_(origin) {}

  const xmpp::Stanza& stanza() const { return *stanza_; }
  const xmpp::StanzaRef& share() const { return stanza_; }
  const xmpp::Jid& from() const { return from_; }
  const xmpp::Jid& to() const { return to_; }
  Origin origin() const { return origin_; }
  /// Keeps the stanza's slot in its sender's window open; empty where nobody waits (ARCHITECTURE 3.7).
  /// Rows may be put into it unless it is sealed: then other copies have it too, perhaps on other shards.
  const base::Ref<base::Held>& ticket() const { return ticket_; }

 private:
  xmpp::StanzaRef stanza_;
  xmpp::Jid from_;
  xmpp::Jid to_;
  base::Ref<base::Held> ticket_;
  Origin origin_;
};
using PacketRef = base::Ref<const Packet>;

}  // namespace router
