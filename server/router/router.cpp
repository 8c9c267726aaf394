#include "router/router.h"

#include <algorithm>
#include <ranges>
#include <utility>

#include "base/check.h"
#include "base/log.h"

namespace router {
namespace {

// Making the text costs about as much as writing the stanza twice; a few more for recipients who never see it.
constexpr std::size_t kWorthItsText = 4;
/// Copies handed over in one turn of the loop: 20 to 40 ms. Fewer would cost a busy room its gathered writes.
constexpr std::size_t kMostPerTurn = 16 * 1024;

}  // namespace

Switchboard::Switchboard(std::vector<base::Loop*> loops) : loops_(std::move(loops)) {
  base::check(!loops_.empty(), "there is at least one shard");
  for (Partition p = 0; p < kPartitions; ++p) shard_of_[p] = static_cast<ShardId>(p % loops_.size());
  for (ShardId s = 0; s < loops_.size(); ++s) routers_.push_back(std::make_unique<Router>(*this, s));
}

Switchboard::~Switchboard() = default;

Partition Switchboard::partition(const xmpp::Jid& address) {
  return static_cast<Partition>(address.bare_hash() % kPartitions);
}

Router::Router(const Switchboard& board, ShardId shard) : board_(board), shard_(shard), outbound_(board.shards()) {}

void Router::claim(std::string_view domain, Component& component) {
  const bool fresh = claims_.emplace(std::string(domain), &component).second;
  base::check(fresh, "a domain has one owner");
}

void Router::claim_rest(Component& component) {
  base::check(rest_ == nullptr, "what is not local has one owner");
  rest_ = &component;
}

bool Router::is_local(std::string_view domain) const { return claims_.contains(domain); }

std::vector<std::string_view> Router::claimed() const {
  const auto keys = std::views::keys(claims_);
  std::vector<std::string_view> domains(keys.begin(), keys.end());
  std::ranges::sort(domains);
  return domains;
}

Component* Router::component_for(std::string_view domain) const {
  const auto found = claims_.find(domain);
  return found != claims_.end() ? found->second : rest_;
}

ShardId Router::owner(const xmpp::Jid& to) const {
  // Federation state belongs to the owner of the remote domain, not of the remote account (ARCHITECTURE 2).
  const bool remote = !is_local(to.domain());
  return board_.owner(remote && !to.empty() ? to.domain_jid() : to);
}

void Router::post(PacketRef packet) {
  const ShardId to = owner(packet->to());
  hand_over(to, std::move(packet));
}

void Router::post_to_all(xmpp::StanzaRef stanza, const xmpp::Jid& from, AudienceRef audience, Origin origin,
                         base::Ref<base::Held> ticket) {
  if (audience->size() >= kWorthItsText) stanza = stanza->serialised();
  if (ticket) ticket->seal();
  const auto fan_out =
      base::make_ref<const FanOut>(std::move(stanza), from, std::move(audience), origin, std::move(ticket));
  for (ShardId s = 0; s < board_.shards(); ++s)
    if (!fan_out->audience->of(s).empty()) hand_over(s, fan_out);
}

void Router::hand_over(ShardId owner, Posted posted) {
  if (owner == shard_) return enqueue(std::move(posted));
  outbound_[owner].push_back(std::move(posted));
  if (flush_scheduled_) return;
  flush_scheduled_ = true;
  loop().at_turn_end([this] { flush_outbound(); });
}

// One mailbox entry per shard and turn: a burst costs the receiver one wake-up.
void Router::flush_outbound() {
  flush_scheduled_ = false;
  for (ShardId s = 0; s < outbound_.size(); ++s) {
    if (outbound_[s].empty()) continue;
    board_.loop(s).post([batch = std::exchange(outbound_[s], {}), &target = board_.router(s)]() mutable {
      for (Posted& posted : batch) target.queue_.push_back(std::move(posted));
      if (!target.scheduled_) target.run_queue();
    });
  }
}

void Router::enqueue(Posted posted) {
  queue_.push_back(std::move(posted));
  schedule();
}

void Router::schedule() {
  if (running_ || scheduled_) return;
  scheduled_ = true;
  loop().post([this] {
    scheduled_ = false;
    run_queue();
  });
}

// What a burst leaves waits for the next turn, so that sockets and timers have theirs in between.
void Router::run_queue() {
  if (running_) return;
  running_ = true;
  for (std::size_t left = kMostPerTurn; left > 0 && !queue_.empty();) left -= run_front(left);
  running_ = false;
  if (!queue_.empty()) schedule();
}

/// Hands over at most `most` copies of what stands in front; how many. A copy is made when its turn comes: many under
/// way take no more memory than one.
std::size_t Router::run_front(std::size_t most) {
  if (auto* packet = std::get_if<PacketRef>(&queue_.front())) {
    PacketRef one = std::move(*packet);
    queue_.pop_front();
    dispatch(std::move(one));
    return 1;
  }
  const auto fan_out = std::get<base::Ref<const FanOut>>(queue_.front());
  const auto audience = fan_out->audience->of(shard_);
  const std::size_t first = std::exchange(front_done_, std::min(front_done_ + most, audience.size()));
  const std::size_t end = front_done_;
  if (end == audience.size()) {
    front_done_ = 0;
    queue_.pop_front();
  }
  for (std::size_t i = first; i < end; ++i)
    dispatch(
        base::make_ref<const Packet>(fan_out->stanza, fan_out->from, audience[i], fan_out->origin, fan_out->ticket));
  return end - first;
}

void Router::dispatch(PacketRef packet) {
  Component* component = component_for(packet->to().domain());
  if (component != nullptr) {
    component->receive(std::move(packet));
    return;
  }
  bounce(*packet, xmpp::StanzaError(xmpp::Condition::remote_server_not_found));
}

void Router::run_on_owner(const xmpp::Jid& address, base::Fn<void(Router&)> job) {
  Router& target = board_.router(board_.owner(address));
  target.loop().post([&target, run = std::move(job)]() mutable { run(target); });
}

void Router::request(xml::Document iq, const xmpp::Jid& from, const xmpp::Jid& to, base::Duration deadline,
                     base::Fn<void(Reply)> done) {
  std::string id = "x" + std::to_string(shard_) + "-" + std::to_string(next_request_++);
  iq.root().set_attr("id", id);
  base::Timer timer(loop(), deadline, [this, id] {
    auto expired = requests_.extract(id);
    if (!expired.empty()) expired.mapped().done(Reply{Reply::Kind::timed_out, {}});
  });
  requests_.emplace(std::move(id), Request{to, std::move(done), std::move(timer)});
  post(base::make_ref<const Packet>(xmpp::share(std::move(iq)), from, to, Origin::server));
}

bool Router::settle(const PacketRef& reply) {
  const auto found = requests_.find(std::string(reply->stanza().id()));
  // Only the entity that was asked may answer (SECURITY 1.3: match every answer with an outstanding request).
  if (found == requests_.end() || !(found->second.to == reply->from())) return false;
  auto request = requests_.extract(found);
  const bool error = reply->stanza().type() == xmpp::Type::error;
  request.mapped().done(Reply{error ? Reply::Kind::error : Reply::Kind::result, reply});
  return true;
}

void Router::bounce(const Packet& request, const xmpp::StanzaError& error) {
  if (!xmpp::may_answer_with_error(request.stanza())) return;
  // The ticket goes along: an answered stanza's slot completes once the error has been handed over.
  post(base::make_ref<const Packet>(xmpp::make_error(request.stanza(), error), request.to(), request.from(),
                                    Origin::server, request.ticket()));
}

}  // namespace router
