#include "s2s/outgoing_link.h"

#include <utility>

#include "xmpp/ns.h"

namespace s2s {
namespace {

constexpr std::size_t kQueuedMuch = 256 * 1024;
constexpr std::uint32_t kUnacknowledgedMany = 1000;
constexpr std::chrono::seconds kLastAnswer{1};

Failure failure_of(const DomainPair& pair, const Verdict& verdict) {
  const bool unknown = verdict.type == DialbackType::error && verdict.condition == xmpp::Condition::item_not_found;
  const std::string_view what =
      verdict.type == DialbackType::error ? xmpp::to_string(verdict.condition) : "the dialback key was not believed";
  return {.condition = unknown ? xmpp::Condition::remote_server_not_found : xmpp::Condition::remote_server_timeout,
          .text = pair.remote + " refuses stanzas from " + pair.local + ": " + std::string(what)};
}

}  // namespace

OutgoingLink::OutgoingLink(Service& service, Plan plan, std::uint32_t reported, LinkOwner& owner)
    : Dialled(service, std::move(plan)), link_owner_(owner), reported_(reported) {}

/// Its owner is never called from inside a call of the link.
void OutgoingLink::tell(base::Fn<void(LinkOwner&)> news) {
  loop().post([this, alive = std::weak_ptr<bool>(alive_), news = std::move(news)]() mutable {
    if (!alive.expired()) news(link_owner_);
  });
}

// ---- how it came up ----

void OutgoingLink::established(const Established& how) {
  in_time();
  arrived();
  how_ = how;
  up_ = true;
  stream_bidi_ = stream().bidi();
  if (how.sm) acks_.begin(how.resumed ? how.h.value_or(0) : 0);
  std::optional<std::uint32_t> arrived;
  if (how.h) arrived = *how.h - reported_;
  const DomainPair& pair = stream().pair();
  pin(pair);
  base::log::info("federation_out", {{"local", pair.local},
                                     {"remote", pair.remote},
                                     {"peer", transport()->peer()},
                                     {"tls", stream().is_secure() ? 1 : 0},
                                     {"auth", how.external ? "external" : "dialback"},
                                     {"sm", how.sm ? 1 : 0},
                                     {"bidi", stream_bidi_ ? 1 : 0},
                                     {"resumed", how.resumed ? 1 : 0}});
  tell([this, arrived](LinkOwner& owner) { owner.link_open(*this, arrived); });
  tell([this, local = pair.local](LinkOwner& owner) { owner.link_authorised(*this, local); });
}

// A peer that believed our certificate needn't know dialback.
bool OutgoingLink::multiplexes() const { return up_ && !is_over() && !how_.external; }

void OutgoingLink::authorise(const std::string& local) {
  const DomainPair pair{local, stream().pair().remote};
  if (stream().may_send(pair)) return tell([this, local](LinkOwner& owner) { owner.link_authorised(*this, local); });
  if (!stream().request(pair))
    return tell_refused(local, {.text = "the stream to " + pair.remote + " takes no other domain"});
  requests_[local] = base::Timer(loop(), 2 * service().policy().limits().verification, [this, pair] {
    requests_.erase(pair.local);
    tell_refused(pair.local, {.text = pair.remote + " does not answer " + pair.local});
  });
}

void OutgoingLink::pair_accepted(const DomainPair& pair) {
  if (requests_.erase(pair.local) > 0)
    tell([this, local = pair.local](LinkOwner& owner) { owner.link_authorised(*this, local); });
}

void OutgoingLink::pair_refused(const DomainPair& pair, const Verdict& verdict) {
  if (!up_) {  // the plan's own: nothing else comes of it
    end_with(failure_of(pair, verdict));
    return stream().close();
  }
  if (requests_.erase(pair.local) > 0) tell_refused(pair.local, failure_of(pair, verdict));
}

void OutgoingLink::tell_refused(const std::string& local, const Failure& failure) {
  tell([this, local, failure](LinkOwner& owner) { owner.link_refused(*this, local, failure); });
}

// ---- sending ----

bool OutgoingLink::writable() const {
  return up_ && !is_over() && !closing_ && transport()->queued_bytes() < kQueuedMuch &&
         acks_.unacked() < kUnacknowledgedMany && unwritten_ < kUnacknowledgedMany;
}

void OutgoingLink::send(const xmpp::StanzaRef& stanza, const xmpp::Jid& from, const xmpp::Jid& to) {
  touch();
  std::string bytes;
  // Its tree is of jabber:client; what stands in the stream's default namespace is of jabber:server.
  xmpp::write(*stanza, from, to, {}, xmpp::ns::client, bytes);
  write(bytes);
  if (acks_.began()) {
    acks_.sent();
  } else {
    ++unwritten_;
  }
  full_ = !writable();
}

void OutgoingLink::on_ack(std::uint32_t h) {
  const auto arrived = acks_.acknowledged(h);
  if (!arrived) return stream().fail({xmpp::StreamCondition::undefined_condition, "", arrived.error().to_xml()});
  if (*arrived > 0) tell([this, count = *arrived](LinkOwner& owner) { owner.link_done(*this, count); });
  if (closing_ && acks_.unacked() == 0) return stream().close();
  note_writable();
}

void OutgoingLink::on_drained() {
  Connection::on_drained();
  if (const std::uint32_t count = std::exchange(unwritten_, 0); count > 0)
    tell([this, count](LinkOwner& owner) { owner.link_done(*this, count); });
  note_writable();
}

void OutgoingLink::note_writable() {
  if (!full_ || !writable()) return;
  full_ = false;
  tell([this](LinkOwner& owner) { owner.link_writable(*this); });
}

// ---- the end ----

void OutgoingLink::close() {
  if (transport() == nullptr) return end_with({.text = "the attempt was given up"});
  if (!up_ || is_over() || acks_.unacked() == 0) return stream().close();
  // What is not acknowledged would be sent again over the next stream.
  if (std::exchange(closing_, true)) return;
  acks_.ask();
  last_answer_ = base::Timer(loop(), kLastAnswer, [this] { stream().close(); });
}

void OutgoingLink::over(const Failure& why) {
  in_time();
  acks_.stop();
  last_answer_.cancel();
  requests_.clear();
  // Of what came over it, all that was handled counts for its resumption.
  when_handled([this, alive = std::weak_ptr<bool>(alive_), why] {
    if (!alive.expired()) leave(why);
  });
}

void OutgoingLink::leave(const Failure& why) {
  std::string resume;
  if (up_ && how_.sm && !how_.sm_id.empty() && !stream().is_closed())
    resume = service().keep({.lost = {.id = how_.sm_id,
                                      .handled = stream().handled_count(),
                                      .sends = stream().sends(),
                                      .receives = stream().receives()},
                             .reported = acks_.arrived()});
  if (const Lost* lost = up_ ? nullptr : stream().still_lost()) resume = service().keep({*lost, reported_});
  tell([this, why, resume](LinkOwner& owner) { owner.link_lost(*this, why, resume); });
}

}  // namespace s2s
