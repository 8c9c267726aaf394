// Presence subscriptions as a state machine (RFC 6121 section 3 and appendix A): values in, values out.
#pragma once

#include <cstdint>
#include <optional>

#include "xmpp/stanza.h"

namespace accounts {

/// One roster owner's relation to one contact. The nine states of RFC 6121 A.1 are combinations of the first four:
/// `ask` is "Pending Out" and never stands beside `to`, `request` is "Pending In" and never beside `from`.
struct Subscription {
  bool to = false;        ///< we get the contact's presence
  bool from = false;      ///< the contact gets ours
  bool ask = false;       ///< we asked and have no answer
  bool request = false;   ///< the contact asked and has no answer
  bool approved = false;  ///< a request will be approved unseen (section 3.4)
  bool operator==(const Subscription&) const = default;
};

/// What becomes of the contact's view of our presence.
enum class PresenceFlow : std::uint8_t { unchanged, starts, stops };

/// What a subscription stanza does.
struct Transition {
  Subscription after;
  /// Outbound: route it to the contact. Inbound: deliver it to our sessions.
  bool forward = false;
  /// Sent back to the contact on the owner's behalf.
  std::optional<xmpp::Type> reply;

  bool operator==(const Transition&) const = default;
};

/// RFC 6121 A.2: the owner sends `type`, one of subscribe, subscribed, unsubscribe, unsubscribed.
Transition outbound(const Subscription& before, xmpp::Type type);
/// RFC 6121 A.3: the contact sent `type`.
Transition inbound(const Subscription& before, xmpp::Type type);

/// `starts`: send the owner's current presence to the contact; `stops`: send unavailable.
PresenceFlow presence_flow(const Subscription& before, const Subscription& after);
/// A client sees the difference, so a roster push is due. A pending request isn't shown (section 3.1.3).
bool differs_in_roster(const Subscription& before, const Subscription& after);

}  // namespace accounts
