#include "muc/service.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "muc/behaviours.h"
#include "muc/ns.h"

namespace muc {

using xmpp::Condition;
using xmpp::Kind;
using xmpp::Type;

namespace {

constexpr std::size_t kFirstSweep = 1024;  // people who made rooms

base::Result<Service::Loaded> read_room(store::Reader& reader, const xmpp::Jid& address, const xmpp::Jid& asker) {
  const std::string name(address.str());
  auto room = reader.room(name);
  if (!room) return std::unexpected(room.error());
  auto last = reader.last_archive_id(name);
  if (!last) return std::unexpected(last.error());
  if (*room) return Service::Loaded{std::move(*room), *last, 0};
  auto owned = reader.rooms_with(address.domain(), asker.str(), static_cast<std::uint8_t>(Affiliation::owner));
  if (!owned) return std::unexpected(owned.error());
  return Service::Loaded{std::nullopt, *last, *owned};
}

}  // namespace

Service::Service(router::Router& router, router::Registry& registry, store::Store& store, base::Random& random)
    : environment_{router, registry, points_, *this, store, random} {
  add_behaviours(environment_);
  if (router.shard() != 0) return;
  // Before anybody can enter one: those that a crash left behind.
  auto unit = base::make_ref<store::Unit>();
  unit->add(store::RoomsForget{});
  store.write(std::move(unit), router.loop(), [](const base::Result<void>& done) {
    if (!done) base::log::error("rooms_not_forgotten", {{"why", done.error().what}});
  });
}

void Service::receive(router::PacketRef packet) {
  const xmpp::Stanza& stanza = packet->stanza();
  if (stanza.kind() == Kind::iq && !stanza.is_request()) {
    environment_.router.settle(packet);
    return;
  }
  const xmpp::Jid& to = packet->to();
  if (to.local().empty()) return receive_for_service(packet);
  // Occupants are sessions: an account as such can't be one (RFC 6120 8.1.2 stamps clients' full addresses).
  if (stanza.kind() == Kind::presence && packet->from().is_bare()) return;
  const xmpp::Jid bare = to.bare();
  const auto found = entries_.find(bare);
  if (found == entries_.end()) return start_load(packet);
  Entry& entry = found->second;
  if (entry.room != nullptr && !entry.room->is_changing()) {
    handle(*entry.room, packet);
    return settle(bare);
  }
  // Whoever leaves can't be refused; its session's window bounds how often.
  const bool leaves = stanza.kind() == Kind::presence && !xmpp::may_answer_with_error(stanza);
  if (leaves || entry.waiting.size() < environment_.router.settings().limits().account_queue_packets) {
    entry.waiting.push_back(std::move(packet));
  } else {
    environment_.router.bounce(*packet, {Condition::resource_constraint, xmpp::ErrorType::wait});
  }
}

void Service::shut_down() {
  for (const auto& [address, entry] : entries_)
    if (entry.room != nullptr) entry.room->shut_down();
}

void Service::receive_for_service(const router::PacketRef& packet) {
  if (packet->stanza().kind() == Kind::presence) return;
  if (packet->stanza().is_request() && packet->to().is_domain())
    return environment_.registry.handle(environment_.router, router::Target::room_service, packet);
  environment_.router.bounce(*packet, Condition::service_unavailable);
}

Room* Service::room(const xmpp::Jid& bare) {
  const auto found = entries_.find(bare);
  return found == entries_.end() ? nullptr : found->second.room.get();
}

Room* Service::room(const xmpp::Jid& bare, std::uint64_t number) {
  Room* found = room(bare);
  if (found != nullptr && found->number() == number) return found;
  const auto ended = ended_.find(number);
  return ended == ended_.end() ? nullptr : ended->second.get();
}

const router::RoomService& Service::settings(std::string_view domain) const {
  return *environment_.router.settings().room_service(domain);  // the set of services stays while the server runs
}

bool Service::is_admin(std::string_view domain, const xmpp::Jid& who) const {
  return std::ranges::any_of(settings(domain).admins, [&](const xmpp::Jid& one) { return xmpp::same_bare(one, who); });
}

// ---- into memory and out of it ----

void Service::start_load(const router::PacketRef& packet) {
  const xmpp::Jid bare = packet->to().bare();
  // Whoever leaves, or answers, has nothing to do with a room that nobody is in.
  const Type type = packet->stanza().type();
  if (type == Type::unavailable || type == Type::error) return;
  Entry& entry = entries_[bare];
  entry.waiting.push_back(packet);
  read(bare, entry);
}

/// For the first that waits.
void Service::read(const xmpp::Jid& bare, Entry& entry) {
  entry.asker = entry.waiting[0]->from().bare();
  entry.load = ++last_load_;
  const auto patience = environment_.router.settings().limits().account_load;
  entry.deadline = base::Timer(environment_.router.loop(), patience, [this, bare, load = entry.load] {
    finish_load(bare, load, base::failure("the store takes too long"));
  });
  environment_.store.read(
      environment_.router.loop(),
      [bare, asker = entry.asker](store::Reader& reader) { return read_room(reader, bare, asker); },
      [this, bare, load = entry.load](base::Result<Loaded> loaded) { finish_load(bare, load, std::move(loaded)); });
}

void Service::finish_load(const xmpp::Jid& bare, std::uint64_t load, base::Result<Loaded> loaded) {
  const auto found = entries_.find(bare);
  if (found == entries_.end() || found->second.load != load || found->second.room != nullptr) return;
  Entry& entry = found->second;
  entry.deadline.cancel();
  if (!loaded) {
    base::log::error("room_unreadable", {{"room", bare.str()}, {"why", loaded.error().what}});
    auto waiting = std::exchange(entry.waiting, {});
    entries_.erase(found);
    while (!waiting.empty()) {
      environment_.router.bounce(*waiting.take_front(), {Condition::internal_server_error, xmpp::ErrorType::wait});
    }
    return;
  }
  entry.last_archive_id = loaded->last_archive_id;
  entry.owned = loaded->owned;
  if (loaded->room) {
    entry.room = std::make_unique<Room>(environment_, *loaded->room, settings(bare.domain()), loaded->last_archive_id);
  }
  take_waiting(bare, entry);
}

void Service::resume(const xmpp::Jid& bare) {
  const auto found = entries_.find(bare);
  if (found == entries_.end() || found->second.room == nullptr) return settle(bare);
  take_waiting(bare, found->second);
}

void Service::take_waiting(const xmpp::Jid& bare, Entry& entry) {
  while (!entry.waiting.empty()) {
    if (entry.room != nullptr && entry.room->is_changing()) return;
    if (entry.room != nullptr && entry.room->is_over()) end(entry);
    const router::Packet& next = *entry.waiting[0];
    // How many rooms this one owns isn't known.
    if (entry.room == nullptr && next.stanza().kind() == Kind::presence && next.from().bare() != entry.asker)
      return read(bare, entry);
    const router::PacketRef packet = entry.waiting.take_front();
    if (entry.room != nullptr) {
      handle(*entry.room, packet);
    } else {
      handle_absent(entry, packet);
    }
  }
  if (entry.room == nullptr) {
    entries_.erase(bare);
  } else {
    settle(bare);
  }
}

void Service::handle(Room& room, const router::PacketRef& packet) {
  switch (packet->stanza().kind()) {
    case Kind::presence: return room.presence(packet);
    case Kind::message: return room.message(packet);
    case Kind::iq: break;
  }
  if (!packet->to().is_bare()) return room.forward(packet);
  environment_.registry.handle(environment_.router, router::Target::room, packet);
}

void Service::handle_absent(Entry& entry, const router::PacketRef& packet) {
  const xmpp::Stanza& stanza = packet->stanza();
  const xmpp::Jid bare = packet->to().bare();
  const router::RoomService& service = settings(bare.domain());
  if (stanza.kind() != Kind::presence) return environment_.router.bounce(*packet, Condition::item_not_found);
  const bool joins =
      stanza.type() == Type::available && stanza.child(ns::muc, "x") != nullptr && !packet->to().is_bare();
  if (joins && !may_create(packet->from(), service))  // 10.1.1
    return environment_.router.bounce(*packet, Condition::not_allowed);
  if (joins && !is_admin(bare.domain(), packet->from()) && owns_enough(packet->from(), service, entry.owned))
    return environment_.router.bounce(*packet, {Condition::resource_constraint, "you own too many rooms"});
  // One that refuses the newcomer, or never had one, is over at once.
  entry.room = std::make_unique<Room>(environment_, bare, service, entry.last_archive_id);
  if (joins) made_[packet->from().bare()].push_back(bare);
  handle(*entry.room, packet);
}

bool Service::may_create(const xmpp::Jid& who, const router::RoomService& service) const {
  if (is_admin(service.domain.domain(), who)) return true;
  switch (service.create) {
    case router::MayCreate::anyone: return true;
    case router::MayCreate::local: return environment_.router.settings().host(who.domain()) != nullptr;
    case router::MayCreate::admins: return false;
  }
  return false;
}

bool Service::owns_enough(const xmpp::Jid& who, const router::RoomService& service, std::int64_t in_store) {
  const auto kept_or_over = [this](const xmpp::Jid& bare) {
    const Room* made = room(bare);
    return made == nullptr || made->persistent();
  };
  if (made_.size() >= sweep_at_) {
    std::erase_if(made_, [&](const auto& one) { return std::ranges::all_of(one.second, kept_or_over); });
    sweep_at_ = std::max(kFirstSweep, 2 * made_.size());
  }
  std::vector<xmpp::Jid>& made = made_[who.bare()];
  std::erase_if(made, kept_or_over);
  const auto here = [&](const xmpp::Jid& bare) { return bare.domain() == service.domain.domain(); };
  return in_store + std::ranges::count_if(made, here) >= std::int64_t{service.limits.rooms_per_owner};
}

void Service::end(Entry& entry) {
  entry.last_archive_id = entry.room->last_archive_id();
  entry.room->forget();
  if (entry.room->outbox().empty()) return entry.room.reset();
  const std::uint64_t number = entry.room->number();
  ended_.emplace(number, std::move(entry.room));
}

void Service::settle(const xmpp::Jid& bare) {
  std::erase_if(ended_, [](const auto& one) { return one.second->outbox().empty(); });
  const auto found = entries_.find(bare);
  if (found == entries_.end() || found->second.room == nullptr) return;
  Entry& entry = found->second;
  if (entry.room->is_changing()) return;  // until resume()
  if (entry.room->is_over()) {
    end(entry);
    entries_.erase(found);
    return;
  }
  if (!entry.room->is_empty()) return entry.deadline.cancel();
  if (entry.deadline.armed()) return;
  entry.deadline =
      base::Timer(environment_.router.loop(), environment_.router.settings().limits().room_idle, [this, bare] {
        const Room* idle = room(bare);
        if (idle != nullptr && !idle->is_changing()) entries_.erase(bare);
      });
}

}  // namespace muc
