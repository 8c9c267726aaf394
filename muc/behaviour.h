// What a room's behaviours are built from. Each has a file with one `void add_<name>(const Environment&)`, which brings
// its configuration fields, discovery bits, checks and requests; behaviours.cpp lists them. No file knows all.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/function.h"
#include "base/random.h"
#include "muc/occupant.h"
#include "muc/settings.h"
#include "router/registry.h"
#include "router/router.h"
#include "store/store.h"

namespace muc {

class Room;
class Service;
struct Lasting;
struct Points;

/// One per shard: what a behaviour captures belongs to that shard and its thread. The references outlive everything
/// that was registered.
struct Environment {
  router::Router& router;
  router::Registry& registry;
  Points& points;
  Service& service;
  store::Store& store;
  base::Random& random;
};

using Refusal = std::optional<xmpp::StanzaError>;

/// Why an occupant leaves, or what came with a change (XEP-0045 12).
struct Cause {
  std::vector<int> codes = {};
  std::string actor = {};  ///< nickname
  std::string reason = {};
};

/// Somebody wants to enter (7.2), with one more session or as a new occupant.
struct Join {
  Room& room;
  const router::Packet& presence;
  const xml::Element* x;  ///< `<x xmlns='http://jabber.org/protocol/muc'/>`
  std::string nick;       ///< may be changed: the newcomer is told so (7.2.2)
  Affiliation affiliation;
  const Occupant* known;  ///< already in with another session; null: not
  bool vouched = false;   ///< somebody of the room has let it in this time: needs no password
  bool again = false;     ///< by a session that is in already, and lost track (7.2.1)
};

/// What the store is asked before something is sent, away from this thread: why it must not be, or what else is to be
/// written with it.
using Inquiry = std::function<base::Result<Refusal>(store::Reader& reader, store::Unit& rows)>;

/// A message to all (7.4), on its way.
struct Speech {
  Room& room;
  Occupant& speaker;
  const router::PacketRef& packet;
  xmpp::Overlay overlay = {};  ///< what is left out and added
  bool keep = true;            ///< in history and archive
  bool must_keep = false;      ///< whatever it holds, and whatever its sender wants
  base::WallTime time = {};
  std::int64_t archive_id = 0;  ///< 0: it isn't archived
  store::UnitRef rows = {};     ///< what must be durable before it is sent; null: nothing
  Inquiry ask = nullptr;
  std::function<void(Room&)> then = nullptr;  ///< when its turn to be sent has come, just before

  store::Unit& unit() {
    if (!rows) rows = base::make_ref<store::Unit>();
    return *rows;
  }
};

/// A message that newcomers may see.
struct Kept {
  xmpp::StanzaRef stanza;  ///< as everybody gets it
  xmpp::Jid from;          ///< the occupant's address
  base::WallTime time;
  std::int64_t id = 0;  ///< in the archive; 0: it isn't there
};

/// A message for all, with what has to come before it is sent.
struct Outgoing {
  Kept said;
  bool keep = true;          ///< newcomers may see it
  store::UnitRef rows = {};  ///< what must be durable before; null: nothing
  Inquiry ask = nullptr;
  std::function<void(Room&)> then = nullptr;  ///< when its turn has come, just before
  base::Ref<base::Held> ticket = {};
  base::Fn<void(const Refusal&)> answer = nullptr;  ///< called once: why it wasn't sent, or nothing
};

class Execution;

/// An ad-hoc command of a room's (XEP-0050).
struct Command {
  std::string_view node, name;
  std::function<bool(const Room&, const xmpp::Jid& who)> may;
  /// Adds the form that is to be filled in; null: there is none, and run() gets none.
  std::function<void(const Room&, xml::Element& command)> form;
  std::function<void(Room&, const xmpp::DataForm& form, Execution&&)> run;
};

/// The points at which behaviours take part, filled at start, then only read. One per shard. Steps run in list order.
struct Points {
  Fields fields;
  /// Whether those without an affiliation have no voice (5.1.2). One behaviour says so.
  std::function<bool(const Room&)> moderated;
  /// Whether somebody inside is shown others' addresses (7.2.3, 7.2.4). One behaviour says so.
  std::function<bool(const Room&, const Occupant& viewer)> sees_addresses;
  /// Whether somebody inside may ask for the list of members (7.11). One behaviour says so.
  std::function<bool(const Room&, const Occupant& viewer)> lists_members;
  /// By what everybody knows a person (XEP-0421). One behaviour says so.
  std::function<std::string(const Room&, const xmpp::Jid& bare)> occupant_id;
  /// The same of one room, on any thread and whatever becomes of the room.
  std::function<std::function<std::string(const xmpp::Jid& bare)>(const Room&)> occupant_ids;
  /// Whether somebody with this affiliation may be inside at all; who no longer may is removed (9.4, 10.2).
  std::vector<std::function<bool(const Room&, Affiliation)>> admits;
  /// What a list of rooms shows of it (6.3). One behaviour says so.
  struct Listing {
    std::string name;
    bool listed = false;
  };
  std::function<Listing(const Room&)> listing;
  /// A room was made, by the one who is entering it.
  std::vector<std::function<void(Room&)>> created;
  /// Somebody without any affiliation wants to enter: refuse, or give one, before it is judged.
  std::vector<std::function<Refusal(Join&)>> newcomer;
  /// A room came back into memory.
  std::vector<std::function<void(Room&, const store::StoredRoom&)>> restored;
  /// A room stays from now on: what the store is to have of it, beside settings and places.
  std::vector<std::function<void(Room&, store::Unit&)>> persisted;
  /// Refuses a newcomer. Not asked for a service's administrators.
  std::vector<std::function<Refusal(Join&)>> join;
  /// Refuses a new nickname (7.6), or changes it.
  std::vector<std::function<Refusal(Join&)>> rename;
  /// Status codes that a newcomer's own presence tells (7.2.3, 7.2.12, …).
  std::vector<std::function<void(const Room&, std::vector<int>& codes)>> notices;
  /// Somebody's presence is made: add to `<presence/>`, beside `<x xmlns='…muc#user'/>`.
  std::vector<std::function<void(const Room&, const Occupant&, xml::Element& presence, xml::Element& x)>> presence;
  /// An occupant's own presence is made, which only its session gets: add to `<x/>`.
  std::vector<std::function<void(const Room&, const Occupant&, const Session&, xml::Element& x)>> own_presence;
  /// What some are told beside others' presence.
  struct Aside {
    /// What that is for a viewer who is about to be sent it, up to 3; 0: nothing.
    std::function<std::uint8_t(const Room&, const Occupant& shown, const Occupant& viewer, const Session&)> kind;
    std::function<void(const Room&, std::uint8_t kind, xml::Element& x)> add;
  };
  std::vector<Aside> asides;
  /// The others are about to be told that somebody came, changed, or went.
  std::vector<std::function<void(Room&, const Occupant&, bool gone)>> shown;
  /// True keeps an occupant's presence from the others.
  std::vector<std::function<bool(const Room&, const Occupant&)>> unseen;
  /// True keeps it from those who haven't been shown it before. Whoever ends that calls Room::reveal().
  std::vector<std::function<bool(const Room&, const Occupant&)>> quiet;
  /// Before all else that a newcomer is sent.
  std::vector<std::function<void(Room&, Occupant&, const Join&, const xmpp::Jid& session)>> entering;
  /// Whether a newcomer knows somebody's presence from an earlier visit.
  std::vector<std::function<bool(const Room&, const Join&, const Occupant& other)>> remembered;
  /// Behind everybody's presence, before live messages (7.1): history, then the subject. In order, once per session.
  std::vector<std::function<void(Room&, Occupant&, const Join&, const xmpp::Jid& session)>> entered;
  std::vector<std::function<void(Room&, const Occupant&)>> left;
  /// Anything comes in from an occupant: presence, a message or an iq, before all else; not errors and not leaving.
  std::vector<std::function<Refusal(Room&, Occupant&, const router::Packet&)>> arrived;
  /// What the room says of every message of an occupant's, to all and to one.
  std::vector<std::function<void(const Room&, const Occupant& speaker, xmpp::Overlay&)>> stamp;
  /// A message to all: refuse, change the overlay, or take it over (`done`).
  struct Heard {
    Refusal refusal = std::nullopt;
    bool done = false;
  };
  std::vector<std::function<Heard(Speech&)>> speech;
  /// A message goes out, as everybody gets it.
  std::vector<std::function<void(Room&, const Occupant&, const xmpp::Stanza&)>> said;
  /// The same, in the outbox' order, where it is to be kept: it is durable, and whoever enters now gets what follows.
  std::vector<std::function<void(Room&, const Kept&)>> kept;
  /// What was kept has been retracted (XEP-0424): this is shown instead, from here on in the outbox' order.
  std::vector<std::function<void(Room&, const Kept&)>> retracted;
  /// A message has gone out, kept or not; behind it in the outbox' order.
  std::vector<std::function<void(Room&, const Kept&)>> sent;
  /// A message that is not for all, to the room itself (invitations, forms); true: taken.
  std::vector<std::function<bool(Room&, const router::PacketRef&)>> request;
  /// Invites a person in the room's name, as one who may has wished. One behaviour says so.
  std::function<void(Room&, const xmpp::Jid& inviter, const xmpp::Jid& who, const std::string& reason)> invite;
  /// A message has come back with an error, from whoever it comes from.
  std::vector<std::function<void(Room&, const router::Packet& error)>> bounced;
  /// What an invited person is told to get in, beside `<invite/>` (7.8.2).
  std::vector<std::function<void(const Room&, xml::Element& x)>> invitation;
  /// A private message (7.5).
  std::vector<std::function<Refusal(Room&, Occupant& from, Occupant& to)>> whisper;
  /// A request from one occupant to another (17.4); true: taken.
  std::vector<std::function<bool(Room&, Occupant& from, Occupant& to, const router::PacketRef&)>> forward;
  /// Fields of the configuration form that are no values of the room's (10.1.3), …
  std::vector<std::function<void(const Room&, std::vector<xmpp::FormField>&)>> form;
  /// … and what a submitted one asks for with them: refuse, or add to what is done together with its values.
  struct Submission {
    Room& room;
    const xmpp::Jid& who;
    const xmpp::DataForm& form;
    std::vector<std::function<void()>> changes = {};
  };
  std::vector<std::function<Refusal(Submission&)>> submitted;
  /// Whether a configuration makes sense as a whole (10.1.3).
  std::vector<std::function<Refusal(const Room&, const std::vector<Value>&)>> validate;
  /// A configuration is about to change, which nobody is told yet; rows that go with it (Room::write).
  std::vector<std::function<void(Room&, const std::vector<Value>& before)>> configuring;
  /// It has; add status codes for those inside (10.2.1).
  std::vector<std::function<void(Room&, const std::vector<Value>& before, std::vector<int>& codes)>> configured;
  /// A place is about to change, which nobody is told yet; rows that go with it.
  std::vector<std::function<void(Room&, const xmpp::Jid& who, const Lasting& before, store::Unit&)>> placed;
  /// It has: those inside are told now, …
  std::vector<std::function<void(Room&, const xmpp::Jid& who)>> telling;
  /// … and have been told.
  std::vector<std::function<void(Room&, const xmpp::Jid& who, Affiliation before, Affiliation now)>> standing;
  /// What was to change could not be kept: values and places are as they were, and so must be what was made of them.
  std::vector<std::function<void(Room&)>> taken_back;
  /// disco#info of a room: features, then the roominfo form (6.4).
  std::vector<std::function<void(const Room&, xml::Element& query)>> info;
  std::vector<std::function<void(const Room&, std::vector<xmpp::FormField>& fields)>> info_form;
  /// The same of a node, and its items; true: it is one of mine.
  using Node = std::function<bool(const Room&, const xmpp::Jid& who, std::string_view node, xml::Element& query)>;
  std::vector<Node> node_info, node_items;
  std::vector<Command> commands;

  RoomSlot room_slot() { return static_cast<RoomSlot>(room_slots++); }
  OccupantSlot occupant_slot() { return static_cast<OccupantSlot>(occupant_slots++); }
  /// Of Session::asked_for.
  std::uint8_t session_bit() { return static_cast<std::uint8_t>(1U << session_bits++); }
  std::uint8_t room_slots = 0, occupant_slots = 0, session_bits = 0;
};

}  // namespace muc
