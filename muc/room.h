// One room (XEP-0045): its values, who stands how in it, who is in it, and the order in which it sends. It knows no
// behaviour; those of behaviours.cpp take part at the points of behaviour.h.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "muc/behaviour.h"
#include "muc/outbox.h"
#include "router/audience.h"
#include "store/rows.h"

namespace muc {

/// Somebody's lasting place: by bare address, domain or occupant id.
struct Lasting {
  Affiliation affiliation = Affiliation::none;
  std::string nick;  ///< reserved, or empty
  std::string reason;
};

/// Lives on the shard that owns its address; everything on that thread.
class Room {
 public:
  /// A new room.
  Room(const Environment& environment, xmpp::Jid address, const router::RoomService& service,
       std::int64_t last_archive_id);
  /// One that the store has.
  Room(const Environment& environment, const store::StoredRoom& stored, const router::RoomService& service,
       std::int64_t last_archive_id);

  const xmpp::Jid& address() const { return address_; }
  /// Tells it from an earlier or a later one of the same address.
  std::uint64_t number() const { return number_; }
  /// Nothing of it is left: to be destroyed as soon as nobody is in the middle of it.
  bool is_over() const { return !change_ && (over_ || (!persistent_ && sessions_.empty())); }
  /// Or it is about to be.
  bool is_ending() const { return ending_ || is_over(); }
  bool is_empty() const { return sessions_.empty(); }
  const router::RoomService& service() const;
  const Environment& environment() const { return environment_; }

  // ---- values ----
  template <class T>
  const T& get(Field<T> field) const {
    return std::get<T>(values_[field.index]);
  }
  template <class T>
  void set(Field<T> field, T value) {
    values_[field.index] = std::move(value);
  }
  const std::vector<Value>& values() const { return values_; }
  /// Takes a new configuration, tells behaviours and those inside (10.2.1). Within change().
  void configure(std::vector<Value> values);
  /// Writes what has been set; a failure is logged.
  void save();
  /// Does the changes; all that they write, and the row, is one unit. Nobody is told of them, and nothing else comes
  /// in, before that is durable; if it can't be, the room is as it was. `done` behind either.
  void change(base::Fn<void()> changes, store::Writer::Done done = nullptr);
  /// Within change(): what follows when it is durable, and doesn't if it can't be.
  void then(base::Fn<void()> follows);
  bool is_changing() const { return change_ != nullptr; }
  /// The row that the store has of it, once it is configured: for lists, and to be restored if it is persistent.
  void add_row(store::Unit& unit);
  /// The subject as the store keeps it (subject.h).
  const std::string& subject() const { return subject_; }
  void set_subject(std::string text) { subject_ = std::move(text); }
  base::WallTime created() const { return created_; }
  /// The first archive id of this room's; what is lower was an earlier room's of this name.
  std::int64_t archive_from() const { return archive_from_; }
  /// The last id given out, in this room or an earlier one of its name; to be moved by whoever gives out ids.
  std::int64_t& last_archive_id() { return last_archive_id_; }
  /// Writes rows of this room's; failures are logged where nobody asks.
  void write(store::UnitRef rows, store::Writer::Done done = nullptr) const;
  bool persistent() const { return persistent_; }
  /// It has not been configured yet (10.1).
  bool is_new() const { return new_; }
  /// Whether it stays when nobody is in it.
  void persist(bool yes);
  /// Takes it out of the store, once: it is over.
  void forget();
  /// Out of the store first; then all are told that the room is no more, and nobody is left (10.9). `done` as for
  /// change().
  void destroy(xml::Document x, store::Writer::Done done);
  std::unique_ptr<State>& slot(RoomSlot slot) { return slots_[static_cast<std::size_t>(slot)]; }
  State* slot(RoomSlot slot) const { return slots_[static_cast<std::size_t>(slot)].get(); }
  static std::unique_ptr<State>& slot(Occupant& occupant, OccupantSlot slot) {
    return occupant.slots[static_cast<std::size_t>(slot)];
  }

  // ---- lasting places ----
  /// Begins the key of a place that is known by its occupant id (XEP-0421) only; no address is one.
  static constexpr std::string_view kById = "#";
  /// By bare address, else by occupant id, else by domain (9.2); administrators of the service own every room.
  Affiliation affiliation(const xmpp::Jid& who) const;
  const Lasting* lasting(const xmpp::Jid& who) const;
  /// Keyed by address, or by kById and an occupant id.
  const std::map<std::string, Lasting, std::less<>>& places() const { return places_; }
  /// Changes a place and what follows: roles, removals (301, 321), presence. Not judged here. Within change().
  void place(const xmpp::Jid& who, Lasting place, const Cause& cause);
  /// As the affiliation gives it, in this room.
  Role role_for(Affiliation affiliation) const;

  // ---- who is in it ----
  const std::map<std::string, std::unique_ptr<Occupant>, std::less<>>& occupants() const { return occupants_; }
  Occupant* occupant(std::string_view nick) const;
  Occupant* occupant_of(const xmpp::Jid& session) const;
  std::vector<Occupant*> occupants_of(const xmpp::Jid& bare) const;
  /// Who has this nickname, or one that can't be told from it (7.2.8).
  Occupant* holder(std::string_view nick, const Occupant* besides = nullptr) const;
  bool is_admitted(Affiliation affiliation) const;
  /// Whether somebody is shown others' addresses (7.2.3, 7.2.4).
  bool sees_addresses(const Occupant& viewer) const;
  bool shows_addresses_to_members() const;
  void give_role(Occupant& occupant, Role role, const Cause& cause);
  /// Out, all its sessions, whatever the cause says.
  void remove(Occupant& occupant, const Cause& cause);
  /// The session turned out not to be there any more (333).
  void lose(const xmpp::Jid& session);
  /// So did a server: all of its sessions leave, before anybody is told.
  void lose_server(std::string_view domain);
  /// The service ends: everybody is told so, and out (11.2).
  void shut_down();
  /// Everybody is told anew how the occupant stands.
  void show(Occupant& occupant, const Cause& cause = {});
  /// Everybody who doesn't know of the occupant is shown it, unless it is unseen.
  void reveal(Occupant& occupant);
  /// The same of one viewer's sessions.
  void reveal(Occupant& occupant, const Occupant& viewer);
  bool is_unseen(const Occupant& occupant) const;
  bool is_quiet(const Occupant& occupant) const;

  // ---- what comes in ----
  void presence(const router::PacketRef& packet);
  void message(const router::PacketRef& packet);
  /// An iq to an occupant.
  void forward(const router::PacketRef& packet);

  // ---- what goes out, in order ----
  Outbox& outbox() { return outbox_; }
  void send(xmpp::StanzaRef stanza, const xmpp::Jid& from, const xmpp::Jid& to);
  /// From the room itself.
  void send_to_all(xmpp::StanzaRef stanza, const xmpp::Jid& from, base::Ref<base::Held> ticket = {});
  /// A message for all at its place in the outbox, when what has to come before has come.
  void utter(Outgoing out);
  /// A message with only status codes for everybody (10.2.1).
  void notify(const std::vector<int>& codes);

 private:
  /// What is needed to take a change back, or to go on with it.
  struct Change {
    std::vector<Value> values;
    std::vector<std::pair<std::string, std::optional<Lasting>>> places = {};  // those it has touched
    bool persistent, places_stored, is_new;
    store::UnitRef rows;  // being gathered
    std::vector<base::Fn<void()>> follows = {};
  };

  void init();
  bool is_gathering() const { return change_ != nullptr && change_->rows; }
  // room_change.cpp
  void begin_change();
  void write_change(store::Writer::Done done);
  void finish_change(bool durable);
  void take_back(Change& change);
  void remember_place(std::string_view who);
  bool concerns(const xmpp::Jid& who, const Occupant& occupant) const;
  void place_changed(const xmpp::Jid& who, Affiliation before, const Cause& cause);
  void adjust(Occupant& occupant, Cause cause);
  void configured(const std::vector<Value>& before);
  void close(const xml::Document& x);
  void dismiss(const xml::Document& x);
  store::RoomAffiliationPut row(std::string_view who, const Lasting& place) const;
  /// Of somebody's place by occupant id; empty if no place is known so.
  std::string id_key(const xmpp::Jid& who) const;
  // room_entry.cpp
  void enter(const router::PacketRef& packet, const xml::Element& x);
  void send_room_to(Occupant& occupant, const Join& join, const xmpp::Jid& session, bool created);
  void rename(Occupant& occupant, const router::PacketRef& packet);
  void refuse(const router::Packet& presence, const xmpp::StanzaError& error) const;
  void leave(Occupant& occupant, const xmpp::Jid& session, xmpp::StanzaRef presence, const Cause& cause);
  void drop(Occupant& occupant);
  Refusal arrived(Occupant& occupant, const router::Packet& packet);
  void index_nick(Occupant& occupant);
  void unindex_nick(const Occupant& occupant);
  // room_presence.cpp
  struct Shown {
    bool address = false;
    const xmpp::Jid* session = nullptr;  ///< of its own; else the last
    Cause cause = {};
    std::string new_nick = {};
    bool gone = false;
    xmpp::StanzaRef last_words = {};
    const router::Packet* answers = nullptr;  ///< what this tells of, whose id its sender sees again (7.2.2)
    bool own = false;
    std::uint32_t asides = 0;  ///< kinds, two bits for each
  };
  enum class To : std::uint8_t { all, who_know, who_dont };
  xmpp::StanzaRef make_presence(const Occupant& occupant, const Shown& how) const;
  const xmpp::StanzaRef& presence_for(Occupant& occupant, bool address) const;
  /// To all but the occupant's own sessions; then to those, with 110.
  void broadcast(Occupant& occupant, const Shown& how);
  /// The same of a newcomer; `codes` for its new session alone.
  void broadcast_entry(Occupant& occupant, const router::Packet& presence, const std::vector<int>& codes);
  void tell_others(Occupant& occupant, const Shown& how);
  void tell(Occupant& occupant, const Shown& how, To whom);
  std::uint32_t asides_for(const Occupant& shown, const Occupant& viewer, const Session& session) const;
  void answer_probe(Occupant& asker, const router::PacketRef& packet);
  void tell_own(const Occupant& occupant, const Shown& how, const xmpp::Jid& session);
  // room_message.cpp
  void say(Occupant& speaker, const router::PacketRef& packet);
  void whisper(Occupant& from, const router::PacketRef& packet);
  struct Uttered {
    Outgoing out;
    router::AudienceRef to;
  };
  void commit(std::uint64_t place, std::unique_ptr<Uttered> uttered);
  void emit(Uttered& uttered);
  void give_up(std::uint64_t place, Uttered& uttered, const Refusal& why);
  router::AudienceRef audience();

  const Environment environment_;
  const xmpp::Jid address_;
  std::vector<Value> values_;
  std::vector<std::unique_ptr<State>> slots_;
  std::map<std::string, Lasting, std::less<>> places_;
  std::map<std::string, std::unique_ptr<Occupant>, std::less<>> occupants_;
  std::unordered_map<std::string, Occupant*> folded_, seen_;  // by xmpp::NicknameKeys
  std::unordered_map<xmpp::Jid, Occupant*> sessions_;
  router::AudienceRef audience_;  // of all sessions; empty when it has to be made anew
  Outbox outbox_;
  std::string subject_;
  base::WallTime created_{};
  std::int64_t archive_from_ = 0, last_archive_id_ = 0;
  std::unique_ptr<Change> change_;  // under way
  const std::uint64_t number_;
  std::uint64_t last_session_ = 0;
  bool persistent_ = false, over_ = false, ending_ = false, new_ = false, stored_ = false;
  bool places_stored_ = false;  // also of one that was persistent once
};

}  // namespace muc
