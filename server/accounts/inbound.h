// What reaches a local account: the inbound steps, then RFC 6121 8.5.
#pragma once

#include "accounts/account.h"

namespace accounts {

/// A packet for a loaded account or one of its resources.
void inbound(Account& account, router::PacketRef packet);

/// What a session was sent and its client never acknowledged goes where RFC 6121 8.5 sends it now.
void redeliver(Account& account, router::Delivery delivery);

/// True if the packet needs no look at an account that isn't in the memory: it has been answered or dropped.
bool answered_unloaded(Shard& shard, const router::Packet& packet);

/// RFC 6121 8.5.1: the account doesn't exist.
void receive_for_nobody(Shard& shard, const router::Packet& packet);

/// The account can't be reached now: an error of type wait.
void refuse(Shard& shard, const router::Packet& packet);

/// Runs steps in list order; false if one ended the way (and an error was answered).
bool pass(Shard& shard, const std::vector<router::DeliveryPoints::StanzaStep>& steps, router::Passage& passage);

}  // namespace accounts
