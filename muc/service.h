// The rooms of one shard: takes what is sent to room services, brings rooms into memory when somebody needs them, and
// lets them go (XEP-0045).
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/ring.h"
#include "muc/behaviour.h"
#include "muc/room.h"

namespace muc {

/// One per shard; everything on its thread. Outlives what it handed to the store, and the loop's last turn.
class Service final : public router::Component {
 public:
  /// Registers every behaviour; before the registry is frozen.
  Service(router::Router& router, router::Registry& registry, store::Store& store, base::Random& random);
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  void receive(router::PacketRef packet) override;
  /// The process ends: occupants of every room in memory are told, and out of it.
  void shut_down();

  /// What the store knows of an address.
  struct Loaded {
    std::optional<store::StoredRoom> room;
    std::int64_t last_archive_id = 0;
    std::int64_t owned = 0;  ///< where there is no room: how many of the service's the one who asked owns
  };

  /// A room in memory; null if it isn't there.
  Room* room(const xmpp::Jid& bare);
  /// The same one as before, not another of its name.
  Room* room(const xmpp::Jid& bare, std::uint64_t number);
  /// To be called behind whatever happens to a room outside of receive(): it may be over.
  void settle(const xmpp::Jid& bare);
  /// A room's change is done with: what has waited for that comes in.
  void resume(const xmpp::Jid& bare);
  std::uint64_t next_number() { return ++last_number_; }
  std::size_t size() const { return entries_.size(); }
  const router::RoomService& settings(std::string_view domain) const;
  bool is_admin(std::string_view domain, const xmpp::Jid& who) const;
  const Environment& environment() const { return environment_; }

 private:
  struct Entry {
    std::unique_ptr<Room> room;             // null while it loads
    base::Ring<router::PacketRef> waiting;  // for that, or for its change to be durable
    base::Timer deadline;                   // of the load, or of an empty room's stay
    std::uint64_t load = 0;
    std::int64_t last_archive_id = 0;
    xmpp::Jid asker;  // bare: for whom it was loaded
    std::int64_t owned = 0;
  };

  void receive_for_service(const router::PacketRef& packet);
  void start_load(const router::PacketRef& packet);
  void read(const xmpp::Jid& bare, Entry& entry);
  void finish_load(const xmpp::Jid& bare, std::uint64_t load, base::Result<Loaded> loaded);
  void take_waiting(const xmpp::Jid& bare, Entry& entry);
  void handle(Room& room, const router::PacketRef& packet);
  /// There is no such room: it is made, or the sender is told.
  void handle_absent(Entry& entry, const router::PacketRef& packet);
  /// What is over leaves the store, and the memory as soon as it has sent everything.
  void end(Entry& entry);
  bool may_create(const xmpp::Jid& who, const router::RoomService& service) const;
  /// Whether somebody owns as many rooms as one may, with what this shard has of those that the store doesn't.
  bool owns_enough(const xmpp::Jid& who, const router::RoomService& service, std::int64_t in_store);

  Points points_;
  const Environment environment_;
  std::unordered_map<xmpp::Jid, Entry> entries_;
  std::unordered_map<std::uint64_t, std::unique_ptr<Room>> ended_;  // by number: over, with something still to send
  std::unordered_map<xmpp::Jid, std::vector<xmpp::Jid>> made_;  // by whom, bare; rooms that are over are left out later
  std::size_t sweep_at_ = 0;
  std::uint64_t last_number_ = 0, last_load_ = 0;
};

}  // namespace muc
