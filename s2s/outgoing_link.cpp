#include "s2s/outgoing_link.h"

#include <utility>

#include "xmpp/ns.h"

namespace s2s {
namespace {

constexpr std::size_t kQueuedMuch = 256 * 1024;
constexpr std::uint32_t kUnacknowledgedMany = 1000;
constexpr std::chrono::seconds kAskAgain{1};

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
  how_ = how;
  up_ = true;
  sent_ = stream::OutboundCounter(how.resumed ? how.h.value_or(0) : 0);
  std::optional<std::uint32_t> arrived;
  if (how.h) arrived = *how.h - reported_;
  const DomainPair& pair = stream().pair();
  base::log::info("federation_out", {{"local", pair.local},
                                     {"remote", pair.remote},
                                     {"peer", transport()->peer()},
                                     {"tls", stream().is_secure() ? 1 : 0},
                                     {"auth", how.external ? "external" : "dialback"},
                                     {"sm", how.sm ? 1 : 0},
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
  return up_ && !is_over() && transport()->queued_bytes() < kQueuedMuch && sent_.unacked() < kUnacknowledgedMany &&
         unwritten_ < kUnacknowledgedMany;
}

void OutgoingLink::send(const xmpp::StanzaRef& stanza, const xmpp::Jid& from, const xmpp::Jid& to) {
  touch();
  std::string bytes;
  // Its tree is of jabber:client; what stands in the stream's default namespace is of jabber:server.
  xmpp::write(*stanza, from, to, {}, xmpp::ns::client, bytes);
  write(bytes);
  if (how_.sm) {
    sent_.sent();
    ask_for_ack();
  } else {
    ++unwritten_;
  }
  full_ = !writable();
}

void OutgoingLink::ask_for_ack() {
  if (asking_ || asked_) return;
  asking_ = true;
  loop().at_turn_end([this, alive = std::weak_ptr<bool>(alive_)] {
    if (alive.expired()) return;
    asking_ = false;
    if (is_over() || stream().is_closed()) return;
    asked_ = true;
    stream().request_ack();
    answer_ =
        base::Timer(loop(), service().policy().limits().sm_answer, [this] { transport()->abort("no answer to <r/>"); });
  });
}

/// A peer that has come no further is not asked at once.
void OutgoingLink::ask_again(bool progress) {
  if (progress) return ask_for_ack();
  answer_ = base::Timer(loop(), kAskAgain, [this] { ask_for_ack(); });
}

void OutgoingLink::on_ack(std::uint32_t h) {
  const auto arrived = sent_.acknowledge(h);
  if (!arrived) return stream().fail({xmpp::StreamCondition::undefined_condition, "", arrived.error().to_xml()});
  asked_ = false;
  answer_.cancel();
  if (*arrived > 0) tell([this, count = *arrived](LinkOwner& owner) { owner.link_done(*this, count); });
  if (sent_.unacked() > 0) ask_again(*arrived > 0);
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
  if (transport() != nullptr) return stream().close();
  end_with({.text = "the attempt was given up"});
}

void OutgoingLink::over(const Failure& why) {
  in_time();
  answer_.cancel();
  requests_.clear();
  std::string resume;
  if (up_ && how_.sm && !how_.sm_id.empty() && !stream().is_closed())
    resume = service().keep({.lost = {.id = how_.sm_id,
                                      .handled = stream().handled_count(),
                                      .sends = stream().sends(),
                                      .receives = stream().receives()},
                             .reported = sent_.send_count() - sent_.unacked()});
  tell([this, why, resume](LinkOwner& owner) { owner.link_lost(*this, why, resume); });
}

}  // namespace s2s
