#include "xmpp/message.h"

#include "xmpp/ns.h"

namespace xmpp {
namespace {

constexpr std::string_view kChatStates = "http://jabber.org/protocol/chatstates";  // XEP-0085
constexpr std::string_view kReceipts = "urn:xmpp:receipts";                        // XEP-0184
constexpr std::string_view kMarkers = "urn:xmpp:chat-markers:0";                   // XEP-0333
constexpr std::string_view kConference = "jabber:x:conference";                    // XEP-0249
constexpr std::string_view kRoomUser = "http://jabber.org/protocol/muc#user";      // XEP-0045

bool says_nothing(const xml::Element& child) {
  return child.ns() == kChatStates || child.ns() == ns::hints || child.is(ns::sid, "origin-id") ||
         child.is(ns::sid, "stanza-id") || child.name() == "thread";
}

}  // namespace

Hints hints_of(const Stanza& message) {
  Hints hints;
  if (message.type() == Type::error) return hints;
  for (const xml::Element& child : xml::children(message.root())) {
    if (child.ns() != ns::hints) continue;
    hints.no_permanent_store |= child.name() == "no-permanent-store";
    hints.no_store |= child.name() == "no-store";
    hints.no_copy |= child.name() == "no-copy";
    hints.store |= child.name() == "store";
  }
  return hints;
}

bool has_body(const Stanza& message) { return message.child(message.root().ns(), "body") != nullptr; }

bool is_chat_state_only(const Stanza& message) {
  if (message.root().child_in(kChatStates) == nullptr) return false;
  for (const xml::Element& child : xml::children(message.root())) {
    if (!says_nothing(child)) return false;
  }
  return true;
}

bool is_invitation(const Stanza& message) {
  if (message.child(kConference, "x") != nullptr) return true;
  const xml::Element* x = message.child(kRoomUser, "x");
  return x != nullptr && x->child(kRoomUser, "invite") != nullptr;
}

bool is_from_room(const Stanza& message) { return message.child(kRoomUser, "x") != nullptr; }

bool has_chat_payload(const Stanza& message) {
  const xml::Element& root = message.root();
  return root.child_in(kReceipts) != nullptr || root.child_in(kMarkers) != nullptr ||
         root.child_in(kChatStates) != nullptr;
}

}  // namespace xmpp
