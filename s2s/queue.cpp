#include "s2s/queue.h"

#include <algorithm>
#include <utility>

#include "xmpp/message.h"

namespace s2s {
namespace {

using xmpp::Condition;

/// So that many deadlines close together cost one look at the queue.
constexpr std::chrono::seconds kCoarse{1};

/// Must it arrive after a restart too? An iq is asked again by whoever wants to know, presence is sent anew.
bool must_survive(const Outbound& stanza) {
  if (stanza.stanza->kind() != xmpp::Kind::message || stanza.stanza->type() == xmpp::Type::error) return false;
  const xmpp::Hints hints = xmpp::hints_of(*stanza.stanza);
  return !hints.no_store && !hints.no_permanent_store && store::unit_of(*stanza.ticket).promised();
}

}  // namespace

Queue::Queue(router::Router& router, const PolicyRef& policy, Spool& spool, std::string remote)
    : router_(router), policy_(policy), spool_(spool), remote_(std::move(remote)) {}

void Queue::add(const router::PacketRef& packet) {
  const Limits& limits = policy_->limits();
  const base::MonoTime now = router_.loop().now();
  const bool patient = packet->stanza().kind() == xmpp::Kind::message;
  Outbound stanza{.stanza = packet->share(),
                  .from = packet->from(),
                  .to = packet->to(),
                  .origin = packet->origin(),
                  .ticket = packet->ticket(),
                  .since = now,
                  .deadline = now + (patient ? limits.message : limits.request),
                  .bytes = packet->stanza().memory(),
                  .patient = patient};
  if (held_ >= limits.queue_stanzas || bytes_ + stanza.bytes > limits.queue_bytes) {
    router_.bounce(*packet, xmpp::StanzaError(Condition::resource_constraint,
                                              "too much is waiting for " + remote_ +
                                                  (failure_.text.empty() ? "" : ": " + failure_.text)));
    return;
  }
  ++held_;
  bytes_ += stanza.bytes;
  watch(stanza.deadline);
  waiting_.push_back(std::move(stanza));
}

void Queue::restore(Outbound stanza) {
  ++held_;
  bytes_ += stanza.bytes;
  put_back(std::move(stanza));
}

Outbound Queue::take() {
  Outbound first = std::move(waiting_.front());
  waiting_.pop_front();
  return first;
}

void Queue::put_back(Outbound stanza) {
  watch(stanza.deadline);
  waiting_.push_front(std::move(stanza));
}

void Queue::finish(Outbound stanza) {
  forget(stanza);
  if (stanza.row) stanza.row->drop();
}

void Queue::forget(const Outbound& stanza) {
  --held_;
  bytes_ -= stanza.bytes;
}

void Queue::release(Outbound& stanza) {
  if (!stanza.ticket) return;
  if (!stanza.row && must_survive(stanza)) {
    base::Loop& loop = router_.loop();
    const auto left = std::chrono::duration_cast<base::WallTime::duration>(stanza.deadline - loop.now());
    stanza.row = spool_.add(stanza.ticket, *stanza.stanza, stanza.from, stanza.to, loop.wall() + left);
  }
  stanza.ticket = {};
}

bool Queue::release(base::MonoTime before) {
  bool others = false;
  for (Outbound& each : waiting_) {
    if (each.since <= before) {
      release(each);
    } else {
      others = others || each.ticket;
    }
  }
  return others;
}

void Queue::fail(const Failure& failure) {
  std::deque<Outbound> stay;
  for (Outbound& each : std::exchange(waiting_, {})) {
    if (each.patient && !failure.final) {
      stay.push_back(std::move(each));
    } else {
      bounce(std::move(each), failure);
    }
  }
  waiting_ = std::move(stay);
}

// The row goes after the error was posted: a crash in between lets the sender hear it twice and not never.
void Queue::bounce(Outbound stanza, const Failure& failure) {
  forget(stanza);
  const router::Packet packet(std::move(stanza.stanza), std::move(stanza.from), std::move(stanza.to), stanza.origin,
                              std::move(stanza.ticket));
  router_.bounce(packet, xmpp::StanzaError(failure.condition, failure.text));
  if (stanza.row) stanza.row->drop();
}

void Queue::watch(base::MonoTime deadline) {
  if (deadline >= next_expiry_) return;
  next_expiry_ = deadline;
  const auto left = std::max<base::Duration>(deadline - router_.loop().now(), base::Duration::zero());
  expiry_ = base::Timer(router_.loop(), left, [this] { expire(); });
}

void Queue::expire() {
  const base::MonoTime now = router_.loop().now();
  const Failure why = failure_.text.empty() ? Failure{.text = remote_ + " did not take the stanza in time"} : failure_;
  base::MonoTime next = base::MonoTime::max();
  std::deque<Outbound> stay;
  for (Outbound& each : std::exchange(waiting_, {})) {
    if (each.deadline <= now) {
      bounce(std::move(each), why);
      continue;
    }
    next = std::min(next, each.deadline);
    stay.push_back(std::move(each));
  }
  waiting_ = std::move(stay);
  next_expiry_ = base::MonoTime::max();
  if (next != base::MonoTime::max()) watch(std::max<base::MonoTime>(next, now + kCoarse));
}

}  // namespace s2s
