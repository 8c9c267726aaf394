#include "accounts/subscription.h"

#include "base/check.h"

namespace accounts {
namespace {

// A.2.1. Always routed: the contact's server may have forgotten (section 3.1.2).
Transition send_subscribe(Subscription state) {
  if (!state.to) state.ask = true;
  return {.after = state, .forward = true};
}

// A.2.2
Transition send_unsubscribe(Subscription state) {
  state.to = state.ask = false;
  return {.after = state, .forward = true};
}

// A.2.3. Without a request to answer it is a pre-approval, which stays here (section 3.4.2).
Transition send_subscribed(Subscription state) {
  if (state.request) {
    state.request = false;
    state.from = true;
    return {.after = state, .forward = true};
  }
  if (!state.from) state.approved = true;
  return {.after = state};
}

// A.2.4. It cancels a pre-approval too.
Transition send_unsubscribed(Subscription state) {
  const bool concerns_contact = state.from || state.request;
  state.from = state.request = state.approved = false;
  return {.after = state, .forward = concerns_contact};
}

// A.3.1. Who is subscribed or approved already is answered without asking the owner (sections 3.1.3, 3.4.2).
Transition receive_subscribe(Subscription state) {
  if (state.from || state.approved) {
    state.from = true;
    state.request = false;
    return {.after = state, .reply = xmpp::Type::subscribed};
  }
  const bool news = !state.request;
  state.request = true;
  return {.after = state, .forward = news};
}

// A.3.2
Transition receive_unsubscribe(Subscription state) {
  const bool news = state.from || state.request;
  state.from = state.request = false;
  return {.after = state, .forward = news};
}

// A.3.3. Only an answer to what we asked counts.
Transition receive_subscribed(Subscription state) {
  const bool asked = state.ask;
  if (asked) {
    state.to = true;
    state.ask = false;
  }
  return {.after = state, .forward = asked};
}

// A.3.4
Transition receive_unsubscribed(Subscription state) {
  const bool news = state.to || state.ask;
  state.to = state.ask = false;
  return {.after = state, .forward = news};
}

}  // namespace

Transition outbound(const Subscription& before, xmpp::Type type) {
  switch (type) {
    case xmpp::Type::subscribe: return send_subscribe(before);
    case xmpp::Type::subscribed: return send_subscribed(before);
    case xmpp::Type::unsubscribe: return send_unsubscribe(before);
    default:
      base::check(type == xmpp::Type::unsubscribed, "only subscription stanzas change a subscription");
      return send_unsubscribed(before);
  }
}

Transition inbound(const Subscription& before, xmpp::Type type) {
  switch (type) {
    case xmpp::Type::subscribe: return receive_subscribe(before);
    case xmpp::Type::subscribed: return receive_subscribed(before);
    case xmpp::Type::unsubscribe: return receive_unsubscribe(before);
    default:
      base::check(type == xmpp::Type::unsubscribed, "only subscription stanzas change a subscription");
      return receive_unsubscribed(before);
  }
}

PresenceFlow presence_flow(const Subscription& before, const Subscription& after) {
  if (before.from == after.from) return PresenceFlow::unchanged;
  return after.from ? PresenceFlow::starts : PresenceFlow::stops;
}

bool differs_in_roster(const Subscription& before, const Subscription& after) {
  Subscription shown = after;
  shown.request = before.request;
  return shown != before;
}

}  // namespace accounts
