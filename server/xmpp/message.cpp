#include "xmpp/message.h"

#include <cstdint>
#include <string_view>

#include "xmpp/ns.h"

namespace xmpp {
namespace {

constexpr std::string_view kChatStates = "http://jabber.org/protocol/chatstates";  // XEP-0085
constexpr std::string_view kReceipts = "urn:xmpp:receipts";                        // XEP-0184
constexpr std::string_view kMarkers = "urn:xmpp:chat-markers:0";                   // XEP-0333
constexpr std::string_view kConference = "jabber:x:conference";                    // XEP-0249
constexpr std::string_view kCallInvites = "urn:xmpp:call-invites:0";               // XEP-0482
constexpr std::string_view kRoomUser = "http://jabber.org/protocol/muc#user";      // XEP-0045

enum Mark : std::uint16_t {
  body = 1 << 0,
  no_permanent_store = 1 << 1,
  no_store = 1 << 2,
  no_copy = 1 << 3,
  store = 1 << 4,
  chat_state = 1 << 5,
  chat_payload = 1 << 6,
  lasting = 1 << 7,  // something besides chat states, hints, ids and a thread
  invitation = 1 << 8,
  from_room = 1 << 9,
  call = 1 << 10,
};

std::uint16_t hint(std::string_view name) {
  if (name == "no-permanent-store") return Mark::no_permanent_store;
  if (name == "no-store") return Mark::no_store;
  if (name == "no-copy") return Mark::no_copy;
  return name == "store" ? Mark::store : 0;
}

std::uint16_t mark_of(const xml::Element& child, std::string_view content) {
  const std::string_view ns = child.ns(), name = child.name();
  if (ns == content) return name == "body" ? Mark::body | Mark::lasting : name == "thread" ? 0 : Mark::lasting;
  if (ns == kChatStates) return Mark::chat_state | Mark::chat_payload;
  if (ns == ns::hints) return hint(name);
  if (ns == ns::sid && (name == "origin-id" || name == "stanza-id")) return 0;
  if (ns == kReceipts || ns == kMarkers) return Mark::chat_payload | Mark::lasting;
  if (ns == kConference && name == "x") return Mark::invitation | Mark::lasting;
  if (ns == kCallInvites) return Mark::call | Mark::lasting;
  if (ns == kRoomUser && name == "x") {
    const bool invites = child.child(kRoomUser, "invite") != nullptr;
    return static_cast<std::uint16_t>(Mark::from_room | Mark::lasting | (invites ? Mark::invitation : 0));
  }
  return name == "thread" ? 0 : Mark::lasting;
}

bool has(const Stanza& message, Mark mark) { return (message.marks() & mark) != 0; }

}  // namespace

std::uint16_t marks_of(const xml::Element& message) {
  unsigned marks = 0;
  for (const xml::Element& child : xml::children(message)) marks |= mark_of(child, message.ns());
  return static_cast<std::uint16_t>(marks);
}

Hints hints_of(const Stanza& message) {
  if (message.type() == Type::error) return {};
  return {.no_permanent_store = has(message, Mark::no_permanent_store),
          .no_store = has(message, Mark::no_store),
          .no_copy = has(message, Mark::no_copy),
          .store = has(message, Mark::store)};
}

bool has_body(const Stanza& message) { return has(message, Mark::body); }
bool is_chat_state_only(const Stanza& message) {
  return has(message, Mark::chat_state) && !has(message, Mark::lasting);
}
bool is_invitation(const Stanza& message) { return has(message, Mark::invitation); }
bool is_about_call(const Stanza& message) { return has(message, Mark::call); }
bool is_from_room(const Stanza& message) { return has(message, Mark::from_room); }
bool has_chat_payload(const Stanza& message) { return has(message, Mark::chat_payload); }

}  // namespace xmpp
