// What a message is for, judged by its children: the rules that archive, offline store, carbons and client states
// share.
#pragma once

#include <cstdint>

#include "xmpp/stanza.h"

namespace xmpp {

/// Message processing hints (XEP-0334 4). Those of an error message count as absent (5): they are the original's.
struct Hints {
  bool no_permanent_store = false;
  bool no_store = false;
  bool no_copy = false;
  bool store = false;
};
Hints hints_of(const Stanza& message);

/// Stanza::marks() of a message: what all of these read.
std::uint16_t marks_of(const xml::Element& message);

bool has_body(const Stanza& message);
/// Carries nothing that outlasts the moment: chat states (XEP-0085) and at most a thread and hints beside them.
bool is_chat_state_only(const Stanza& message);
/// Invites into a room, directly (XEP-0249) or by the room (XEP-0045 7.8.2).
bool is_invitation(const Stanza& message);
/// Invites to a call, or accepts, rejects, takes back or leaves it (XEP-0482): other clients of both sides must know.
bool is_about_call(const Stanza& message);
/// `<x xmlns='http://jabber.org/protocol/muc#user'/>`: it has to do with a room (XEP-0280 6.1).
bool is_from_room(const Stanza& message);
/// Receipts (XEP-0184), markers (XEP-0333) or chat states, which accompany instant messages (XEP-0280 6.1).
bool has_chat_payload(const Stanza& message);

}  // namespace xmpp
