#include "s2s/service.h"

#include <algorithm>
#include <charconv>
#include <ranges>
#include <utility>

#include "base/log.h"
#include "router/token_service.h"
#include "s2s/incoming_connection.h"
#include "s2s/outgoing_link.h"
#include "s2s/return_link.h"
#include "s2s/verifier.h"

namespace s2s {
namespace {

constexpr std::size_t kPage = 500;  // domains in one read
constexpr std::size_t kId = 16;
constexpr std::chrono::seconds kPatience{2};

/// Where there is no room for a stream.
class NoLink final : public Link {
 public:
  NoLink(base::Loop& loop, LinkOwner& owner) {
    timer_ = base::Timer(loop, base::Duration::zero(), [this, &owner] {
      owner.link_lost(
          *this,
          {.condition = xmpp::Condition::resource_constraint, .text = "this server has too many streams to others"},
          {});
    });
  }
  bool multiplexes() const override { return false; }
  void authorise(const std::string&) override {}
  bool writable() const override { return false; }
  void send(const xmpp::StanzaRef&, const xmpp::Jid&, const xmpp::Jid&) override {}
  void close() override {}

 private:
  base::Timer timer_;
};

std::size_t share_of(std::size_t all, std::size_t shards) { return (all + shards - 1) / shards; }

}  // namespace

Service::Service(const Services& services, PolicyRef policy)
    : services_(services),
      domain_shard_{services.router, services.store, services.random, *this, std::move(policy)},
      connector_(services.router.loop(), services.dns, services.dialer),
      pins_(services.store, services.router.loop()) {
  use(domain_shard_.policy);
}

Service::~Service() {
  stopping_ = true;
  domains_.clear();
  owned_.clear();
}

void Service::start() {
  load({});
  pins_.load();
  sweep_ = base::Timer(loop(), policy().limits().domain_idle, [this] { sweep(); });
}

void Service::load(const std::string& after) {
  services_.store.read(
      loop(), [after](store::Reader& reader) { return reader.spooled_domains(after, kPage); },
      [this](const base::Result<std::vector<std::string>>& remotes) {
        if (!remotes) return base::log::error("spool_unread", {{"why", remotes.error().what}});
        for (const std::string& remote : *remotes)
          if (services_.router.owner(xmpp::Jid::from_prepared(remote)) == services_.router.shard()) domain(remote);
        if (remotes->size() == kPage) load(remotes->back());
      });
}

// ---- policy ----

void Service::use(PolicyRef policy) {
  domain_shard_.policy = std::move(policy);
  const Limits& limits = this->policy().limits();
  const std::size_t shards = services_.router.board().shards();
  most_links_ = share_of(limits.max_links, shards);
  most_domains_ = share_of(limits.max_domains, shards);
  for (const auto& [remote, known] : domains_) {
    const auto forbidden = [&](const PairState& pair) {
      return !this->policy().allows(pair.local, remote) || !this->policy().rules(pair.local, remote).may_open();
    };
    if (std::ranges::any_of(known.domain->pairs(), forbidden)) known.domain->kick();
  }
  std::vector<Connection*> ending;
  for (const auto& connection : std::views::values(owned_)) {
    const auto forbidden = [&](const DomainPair& pair) {
      return !this->policy().allows(pair.local, pair.remote) ||
             !this->policy().rules(pair.local, pair.remote).may_come();
    };
    if (std::ranges::any_of(connection->stream().receives(), forbidden)) ending.push_back(connection.get());
  }
  for (Connection* each : ending)
    each->end({xmpp::StreamCondition::policy_violation, "These two domains do not talk to each other any more."});
}

// The token service answers rooms only.
bool Service::is_local(std::string_view domain) const {
  return domain != router::kTokenService && services_.router.is_local(domain);
}

std::string Service::default_domain() const {
  const auto& hosts = services_.router.settings().hosts();
  return hosts.empty() ? std::string() : std::string(hosts.front().domain.domain());
}

// ---- outwards ----

void Service::receive(router::PacketRef packet) {
  const std::string remote(packet->to().domain());
  Domain* to = remote.empty() ? nullptr : domain(remote);
  if (to != nullptr) return to->receive(packet);
  services_.router.bounce(*packet, {xmpp::Condition::resource_constraint, "This server speaks with too many others."});
}

Domain* Service::domain(const std::string& remote) {
  const auto found = domains_.find(remote);
  if (found != domains_.end()) {
    found->second.was_idle = false;
    return found->second.domain.get();
  }
  if (domains_.size() >= most_domains_)
    std::erase_if(domains_, [](const auto& each) { return each.second.domain->idle(); });
  if (domains_.size() >= most_domains_) return nullptr;
  auto made = std::make_unique<Domain>(domain_shard_, remote);
  if (stopping_) made->stop();
  return domains_.emplace(remote, Known{std::move(made)}).first->second.domain.get();
}

void Service::sweep() {
  std::erase_if(domains_, [](const auto& each) { return each.second.was_idle && each.second.domain->idle(); });
  for (Known& known : std::views::values(domains_)) known.was_idle = known.domain->idle();
  sweep_ = base::Timer(loop(), policy().limits().domain_idle, [this] { sweep(); });
}

std::unique_ptr<Link> Service::dial(const std::string& local, const std::string& remote, const std::string& resume,
                                    LinkOwner& owner) {
  if (full() || stopping_) return std::make_unique<NoLink>(loop(), owner);
  Plan plan{.pair = {local, remote}, .certificate = static_cast<bool>(certificates_)};
  std::uint32_t reported = 0;
  if (auto lost = resumable_.extract(resume)) {
    plan.lost = std::move(lost.mapped().lost);
    reported = lost.mapped().reported;
  }
  return std::make_unique<OutgoingLink>(*this, std::move(plan), reported, owner);
}

std::vector<net::Target> Service::untried(const std::string& remote, std::vector<net::Target> targets) {
  const auto tried = tried_.find(remote);
  if (tried == tried_.end()) return targets;
  const auto in_vain = [&](const net::Target& target) { return tried->second.contains({target.host, target.port}); };
  if (!std::ranges::all_of(targets, in_vain)) {
    std::erase_if(targets, in_vain);
  } else {
    tried_.erase(tried);  // from the beginning
  }
  return targets;
}

void Service::tried(const std::string& remote, const net::Target& target) {
  if (tried_.size() >= most_domains_) tried_.clear();
  tried_[remote].emplace(target.host, target.port);
}

/// Those that nobody comes back for are bounded by the links that there can be.
std::string Service::keep(Resumable stream) {
  if (resumable_.size() >= most_links_) resumable_.erase(resumable_.begin());
  std::string id = services_.random.token(kId);
  resumable_.emplace(id, std::move(stream));
  return id;
}

// ---- inwards ----

void Service::accept(std::unique_ptr<net::Transport> transport, bool direct_tls) {
  if (stopping_) return;
  if (full()) {
    if (!std::exchange(full_told_, true)) base::log::warning("federation_full", {{"links", connections_.size()}});
    return;
  }
  full_told_ = false;
  auto made = std::make_unique<IncomingConnection>(*this);
  IncomingConnection& connection = *made;
  owned_.emplace(connection.number(), std::move(made));
  connection.start(std::move(transport), direct_tls);
}

void Service::verify(std::uint64_t asker, const Question& question) {
  const std::string& remote = question.pair.remote;
  if (const auto known = verifiers_.find(remote); known != verifiers_.end()) {
    const auto found = owned_.find(known->second);
    if (found != owned_.end() && static_cast<Verifier&>(*found->second).add(asker, question)) return;
    verifiers_.erase(known);
  }
  if (full()) return verified(asker, question, {.condition = xmpp::Condition::resource_constraint});
  auto made = std::make_unique<Verifier>(*this, asker, question);
  const std::uint64_t number = made->number();
  owned_.emplace(number, std::move(made));
  if (verifiers_.size() >= most_links_) verifiers_.clear();
  verifiers_.emplace(remote, number);
}

void Service::verified(std::uint64_t asker, const Question& question, const Verdict& verdict) {
  if (Connection* waiting = this->connection(asker)) waiting->stream().on_verified(question, verdict);
}

void Service::settle(std::uint64_t connection, std::uint64_t slot, store::UnitRef rows) {
  settling_.push_back({connection, slot, std::move(rows)});
  if (settling_.size() > 1) return;
  // Behind all of the turn's output, which may be registered later: what has reached its reader by then leaves no row.
  loop().at_turn_end([this] {
    loop().at_turn_end([this, all = std::exchange(settling_, {})]() mutable { write_rows(std::move(all)); });
  });
}

void Service::write_rows(std::vector<Settling> all) {
  for (Settling& each : all) {
    if (!each.rows || each.rows->needless()) {
      settled(each.connection, each.slot, true);
      continue;
    }
    services_.store.write(std::move(each.rows), loop(),
                          [this, connection = each.connection, slot = each.slot](const base::Result<void>& result) {
                            if (!result) base::log::error("rows_lost", {{"why", result.error().what}});
                            settled(connection, slot, result.has_value());
                          });
  }
}

// A peer that was not told that we have it sends it again.
void Service::settled(std::uint64_t connection, std::uint64_t slot, bool durable) {
  Connection* from = this->connection(connection);
  if (from == nullptr) return;
  if (durable) return from->handled(slot);
  from->end({xmpp::StreamCondition::internal_server_error, ""});
}

// ---- streams that peers resume ----

std::string Service::name_stream(std::uint64_t number) {
  std::string id = std::to_string(services_.router.shard()) + "-" + services_.random.token(kId);
  named_.emplace(id, Place{this, number});
  return id;
}

/// Where it was named; null if this was no name of ours.
Service* Service::home_of(const std::string& sm_id) const {
  std::size_t shard = all_.size();
  const auto dash = sm_id.find('-');
  if (dash != std::string::npos) std::from_chars(sm_id.data(), sm_id.data() + dash, shard);
  return shard < all_.size() ? all_[shard] : nullptr;
}

// From the asker's shard to the one that named the stream, to the one that has it, and back. All outlive their loops.
void Service::resume(std::uint64_t asker, const Resumption& request) {
  const Place back{this, asker};
  Service* home = home_of(request.previd);
  if (home == nullptr) return resumed(back, request.previd, {}, std::nullopt);
  home->loop().post([home, back, request] {
    const auto named = home->named_.find(request.previd);
    if (named != home->named_.end())
      return named->second.service->loop().post(
          [old = named->second, back, request] { old.service->give_up(old.number, request, back); });
    back.service->loop().post([back, request] { back.service->resumed(back, request.previd, {}, std::nullopt); });
  });
}

/// Once all that came over it has been handled, or that would be handled twice. It stays until the other has it.
void Service::give_up(std::uint64_t number, const Resumption& request, Place back) {
  const auto answer = [this, number, back, previd = request.previd](const std::optional<Found>& found) {
    back.service->loop().post([=, old = Place{this, number}] { back.service->resumed(back, previd, old, found); });
  };
  const auto owned = owned_.find(number);
  if (owned == owned_.end() || owned->second->stream().is_closed() ||
      !owned->second->stream().may_receive(request.pair))
    return answer(std::nullopt);
  auto& old = static_cast<IncomingConnection&>(*owned->second);
  old.suspend();
  old.resumed_elsewhere(request.h);
  old.when_handled([this, number, answer] {
    Connection* handled = connection(number);
    if (handled == nullptr || handled->stream().is_closed()) return answer(std::nullopt);
    answer(Found{handled->stream().handled_count(), handled->stream().receives()});
  });
}

void Service::resumed(const Place& asker, const std::string& sm_id, const Place& old,
                      const std::optional<Found>& found) {
  const auto waiting = owned_.find(asker.number);
  if (waiting == owned_.end()) return;
  auto& connection = static_cast<IncomingConnection&>(*waiting->second);
  if (!found) return connection.on_resume_failed();
  old.service->loop().post([old] { old.service->retire(old.number); });
  Service* home = home_of(sm_id);
  home->loop().post([home, asker, sm_id] { home->named_.insert_or_assign(sm_id, asker); });
  connection.on_resumed(sm_id, found->h, found->pairs);
}

/// The connection that had it is over, unless another has it by now.
void Service::forget_stream(const std::string& sm_id, std::uint64_t number) {
  Service* home = stopping_ ? nullptr : home_of(sm_id);
  if (home == nullptr) return;
  home->loop().post([home, sm_id, old = Place{this, number}] {
    const auto named = home->named_.find(sm_id);
    if (named != home->named_.end() && named->second == old) home->named_.erase(named);
  });
}

// ---- ways back ----

void Service::tell(Place stream, base::Fn<void(IncomingConnection&)> job, base::Fn<void()> gone) {
  stream.service->loop().post([stream, job = std::move(job), gone = std::move(gone)]() mutable {
    const auto found = stream.service->owned_.find(stream.number);
    if (found != stream.service->owned_.end()) return job(static_cast<IncomingConnection&>(*found->second));
    if (gone) gone();
  });
}

void Service::offer_return(std::uint64_t number, const DomainPair& pair) {
  const router::ShardId owner = services_.router.owner(xmpp::Jid::from_prepared(pair.remote));
  Service* to = owner < all_.size() ? all_[owner] : nullptr;
  if (to == nullptr || !policy().rules(pair.local, pair.remote).may_open()) return;
  to->loop().post([to, stream = Place{this, number}, pair] { to->adopt(stream, pair); });
}

void Service::adopt(Place stream, const DomainPair& pair) {
  Domain* to = stopping_ ? nullptr : domain(pair.remote);
  if (to == nullptr) return;
  std::unique_ptr<Link> link = std::make_unique<ReturnLink>(*this, stream, pair, *to);
  if (to->adopt(link, pair.local))
    base::log::info("federation_out", {{"local", pair.local}, {"remote", pair.remote}, {"auth", "bidi"}});
}

std::uint64_t Service::enter(ReturnLink& link) {
  returns_.emplace(++last_number_, &link);
  return last_number_;
}

void Service::return_done(std::uint64_t number, std::uint32_t count) {
  if (const auto found = returns_.find(number); found != returns_.end()) found->second->done(count);
}

void Service::return_lost(std::uint64_t number, const Failure& why) {
  if (const auto found = returns_.find(number); found != returns_.end()) found->second->lost(why);
}

// ---- connections ----

Connection* Service::connection(std::uint64_t number) {
  const auto found = connections_.find(number);
  return found == connections_.end() ? nullptr : found->second;
}

std::uint64_t Service::enter(Connection& connection) {
  connections_.emplace(++last_number_, &connection);
  return last_number_;
}

void Service::leave(std::uint64_t number) {
  connections_.erase(number);
  check_stopped();
}

void Service::retire(std::uint64_t number) {
  auto node = owned_.extract(number);
  if (node) loop().post([retired = std::move(node.mapped())] {});
}

// ---- for administrators ----

namespace {

bool concerns(const StreamState& stream, const std::string& remote) {
  return remote.empty() || stream.pair.remote == remote ||
         std::ranges::any_of(stream.proved, [&](const DomainPair& pair) { return pair.remote == remote; });
}

}  // namespace

State Service::state(const std::string& remote) const {
  State state;
  for (Connection* each : std::views::values(connections_)) {
    StreamState stream = each->state();
    if (concerns(stream, remote)) state.streams.push_back(std::move(stream));
  }
  for (const auto& [name, known] : domains_)
    if (remote.empty() || name == remote) state.remotes.push_back({name, known.domain->pairs()});
  return state;
}

void Service::pin(const std::string& remote, const std::string& key) {
  if (key.empty() || !pins_.add(remote, key)) return;
  base::log::info("peer_pinned", {{"remote", remote}, {"key", key}});
  pins_.write(remote, key);
  for (Service* each : all_)
    if (each != this) each->loop().post([each, remote, key] { each->pins_.add(remote, key); });
}

bool Service::unpin(const std::string& remote) {
  if (!pins_.drop(remote)) return false;
  pins_.write_drop(remote);
  for (Service* each : all_)
    if (each != this) each->loop().post([each, remote] { each->pins_.drop(remote); });
  return true;
}

std::size_t Service::kick(const std::string& remote) {
  std::vector<Connection*> ending;
  for (Connection* each : std::views::values(connections_))
    if (concerns(each->state(), remote)) ending.push_back(each);
  for (Connection* each : ending) each->end_in_order({xmpp::StreamCondition::reset, "Ended by an administrator."});
  return ending.size();
}

// ---- the end ----

void Service::stop(base::Fn<void()> done) {
  stopping_ = true;
  stopped_ = std::move(done);
  sweep_.cancel();
  patience_ = base::Timer(loop(), kPatience, [this] { end(); });
  for (const auto& known : std::views::values(domains_)) {
    known.domain->stop();
    known.domain->kick();
  }
  std::vector<Connection*> open;
  for (const auto& connection : std::views::values(owned_)) open.push_back(connection.get());
  for (Connection* each : open) each->end_in_order({xmpp::StreamCondition::system_shutdown, ""});
  check_stopped();
}

void Service::check_stopped() {
  if (stopping_ && stopped_ && connections_.empty()) end();
}

void Service::end() {
  patience_.cancel();
  if (stopped_) loop().post(std::exchange(stopped_, nullptr));
}

}  // namespace s2s
