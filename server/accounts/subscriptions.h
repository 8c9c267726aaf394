// Presence subscriptions of an account (RFC 6121 3): applies what accounts/subscription.h decides.
#pragma once

#include "accounts/account.h"

namespace accounts {

/// A client sent subscribe, subscribed, unsubscribe or unsubscribed.
void outbound_subscription(Account& account, router::Passage& passage);
/// A contact sent one. Also forwards it to the sessions where the RFC says so.
void inbound_subscription(Account& account, router::Passage& passage);
/// Unanswered requests, to a session that has just become available (3.1.3).
void show_requests(Account& account, Session& session);
/// Adds the rows of a roster change to `unit` and tells the interested sessions (2.1.6).
void apply(Account& account, RosterChange change, store::Unit& unit);

}  // namespace accounts
