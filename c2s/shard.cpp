#include "c2s/shard.h"

#include <utility>

#include "base/check.h"
#include "base/log.h"
#include "c2s/connection.h"
#include "c2s/session.h"
#include "net/peer_address.h"
#include "router/registry.h"

namespace c2s {
namespace {

constexpr std::size_t kScratch = 64 * 1024;

template <class Map>
std::vector<std::uint64_t> numbers(const Map& map) {
  std::vector<std::uint64_t> all;
  all.reserve(map.size());
  for (const auto& each : map) all.push_back(each.first);
  return all;
}

}  // namespace

Shard::Shard(Services services)
    : services_(std::move(services)),
      loop_(services_.router.loop()),
      authenticator_(services_.store, services_.cpu, loop_, services_.fake),
      hibernation_(*this) {}

Shard::~Shard() = default;

void Shard::use(base::Ref<certs::Store> certificates) {
  certificates_ = std::move(certificates);
  offer_ = {};
}

base::Ref<const stream::StreamOffer> Shard::offer() {
  const router::SettingsRef& settings = services_.router.share_settings();
  if (offer_ && offer_from_ == settings) return offer_;
  auto offer = base::make_ref<stream::StreamOffer>();
  offer->starttls = static_cast<bool>(certificates_);
  offer->fake = services_.fake;
  offer->bind2_features.assign(services_.registry.bind2_features().begin(), services_.registry.bind2_features().end());
  offer->login_max_bytes = static_cast<std::uint32_t>(limits().login_max_stanza_bytes);
  offer->max_bytes = static_cast<std::uint32_t>(limits().max_stanza_bytes);
  offer_ = offer;
  offer_from_ = settings;
  return offer_;
}

std::string& Shard::scratch() {
  if (scratch_.capacity() > kScratch) std::string().swap(scratch_);
  scratch_.clear();
  return scratch_;
}

// ---- connections ----

void Shard::accept(std::unique_ptr<net::Transport> transport, const Entrance& entrance) {
  if (stopping_) return;
  base::check(!all_.empty(), "the shards know each other before the first connection");
  const std::uint64_t number = next_number_++;
  const Ticket ticket{id(), number};
  std::string address = net::read_peer(transport->peer()).key;
  connections_.emplace(number, std::make_unique<Connection>(*this, number, ticket, std::move(transport), entrance));
  // Elsewhere only what never changes is read: all_ and the loop.
  with_addresses([this, ticket, address = std::move(address)](Addresses& addresses) {
    const auto admission = addresses.admit(ticket, address, all_[0]->limits());
    if (const auto& dropped = admission.dropped; dropped.has_value()) {
      Shard& home = *all_[dropped->shard];
      home.loop().post([&home, number = dropped->number] {
        if (Connection* oldest = home.connection(number)) oldest->cut("too many connections without login");
      });
    }
    loop_.post([this, number = ticket.number, yes = admission.admitted] { admitted(number, yes); });
  });
}

void Shard::admitted(std::uint64_t number, bool yes) {
  Connection* connection = this->connection(number);
  if (connection == nullptr) return;
  if (yes) return connection->start();
  base::log::debug("too many connections of one address", {{"peer", connection->peer()}});
  connections_.erase(number);
  check_stopped();
}

Connection* Shard::connection(std::uint64_t number) {
  const auto found = connections_.find(number);
  return found == connections_.end() ? nullptr : found->second.get();
}

void Shard::drop(std::uint64_t number) {
  const auto found = connections_.find(number);
  if (found == connections_.end()) return;
  with_addresses([ticket = found->second->ticket()](Addresses& addresses) { addresses.release(ticket); });
  connections_.erase(found);
  check_stopped();
}

void Shard::move(std::uint64_t number, router::ShardId target) {
  const auto found = connections_.find(number);
  if (found == connections_.end() || !found->second->may_move()) return;
  std::unique_ptr<Connection> connection = std::move(found->second);
  connections_.erase(found);
  Shard& there = *all_[target];
  const auto transport = connection->leave();
  transport->move_to(there.loop(),
                     [&there, connection = std::move(connection)](std::unique_ptr<net::Transport> arrived) mutable {
                       there.arrive(std::move(connection), std::move(arrived));
                     });
  check_stopped();
}

void Shard::arrive(std::unique_ptr<Connection> connection, std::unique_ptr<net::Transport> transport) {
  const std::uint64_t number = next_number_++;
  Connection& here = *connection;
  connections_.emplace(number, std::move(connection));
  here.arrive(*this, number, std::move(transport));
}

// ---- sessions ----

Session& Shard::open_session(xmpp::Jid account, Wire& wire) {
  const std::uint64_t number = next_number_++;
  auto session = std::make_unique<Session>(*this, number, std::move(account), wire);
  return *sessions_.emplace(number, std::move(session)).first->second;
}

Session* Shard::session(std::uint64_t number) {
  const auto found = sessions_.find(number);
  return found == sessions_.end() ? nullptr : found->second.get();
}

void Shard::retire(std::uint64_t number) {
  auto node = sessions_.extract(number);
  if (node) loop_.post([retired = std::move(node.mapped())] {});
  check_stopped();
}

// ---- addresses ----

void Shard::with_addresses(base::Fn<void(Addresses&)> job) {
  Shard& first = *all_[0];
  if (&first == this) return job(addresses_);
  first.loop().post([&first, job = std::move(job)]() mutable { job(first.addresses_); });
}

void Shard::ask_delay(Ticket ticket, bool failed, base::Fn<void(base::Duration)> done) {
  Shard& first = *all_[0];
  with_addresses([this, &first, ticket, failed, done = std::move(done)](Addresses& addresses) mutable {
    const base::MonoTime now = first.loop().now();
    if (failed) addresses.failed(ticket, now, first.limits());
    const base::Duration delay = addresses.delay(ticket, now);
    if (&first == this) return done(delay);
    loop_.post([delay, done = std::move(done)]() mutable { done(delay); });
  });
}

void Shard::ask_registration(Ticket ticket, base::Fn<void(bool)> done) {
  Shard& first = *all_[0];
  with_addresses([this, &first, ticket, done = std::move(done)](Addresses& addresses) mutable {
    const bool allowed = addresses.take_registration(ticket, first.loop().now(), first.limits());
    if (&first == this) return done(allowed);
    loop_.post([allowed, done = std::move(done)]() mutable { done(allowed); });
  });
}

// ---- the end ----

void Shard::stop(base::Fn<void()> done) {
  base::check(!stopping_, "a stop happens once");
  stopping_ = true;
  stopped_ = std::move(done);
  // Half of the time for what is under way, the rest for what was written.
  const base::Duration limit = limits().close;
  patience_ = base::Timer(loop_, limit / 2, [this] { end_sessions(true); });
  deadline_ = base::Timer(loop_, limit, [this] { give_up(); });
  for (const std::uint64_t number : numbers(connections_))
    if (Connection* each = connection(number); each != nullptr && !each->has_session()) each->fail(farewell_);
  end_sessions(false);
  check_stopped();
}

void Shard::end_sessions(bool at_once) {
  for (const std::uint64_t number : numbers(sessions_))
    if (Session* each = session(number); each != nullptr) each->shut_down(at_once);
}

void Shard::check_stopped() {
  if (!stopping_ || !stopped_ || !connections_.empty() || !sessions_.empty()) return;
  patience_.cancel();
  deadline_.cancel();
  loop_.post(std::move(stopped_));
  stopped_ = nullptr;
}

void Shard::give_up() {
  if (!stopped_) return;
  base::log::warning("clients did not close in time", {{"connections", connections_.size()}});
  for (const std::uint64_t number : numbers(connections_)) drop(number);
  if (!stopped_) return;
  loop_.post(std::move(stopped_));
  stopped_ = nullptr;
}

Counts Shard::counts() const {
  return {.connections = connections_.size(), .sessions = sessions_.size(), .hibernated = hibernation_.asleep()};
}

}  // namespace c2s
