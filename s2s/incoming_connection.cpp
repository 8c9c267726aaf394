#include "s2s/incoming_connection.h"

#include <algorithm>
#include <utility>

#include "xmpp/ns.h"

namespace s2s {
namespace {

/// For a peer to come back and say what it has got; meanwhile nothing is sent to it, so that nothing is sent twice.
constexpr std::chrono::seconds kReturnPatience{30};
constexpr std::chrono::seconds kLastAnswer{1};

}  // namespace

IncomingConnection::IncomingConnection(Service& service)
    : Owned(service, false), stream_(*this, {.starttls = static_cast<bool>(service.certificates())}) {}

IncomingConnection::~IncomingConnection() {
  lose_returns();
  if (!sm_id_.empty()) service().forget_stream(sm_id_, number());
}

void IncomingConnection::start(std::unique_ptr<net::Transport> transport, bool direct_tls) {
  expect(service().policy().limits().negotiation);
  carry(std::move(transport));
  if (direct_tls) begin_tls(true);
}

void IncomingConnection::authorised(const DomainPair& pair) {
  in_time();
  authorise(pair);
  if (offering_) offer(pair);
}

// ---- stream management ----

void IncomingConnection::enable_sm(const stream::SmRequest& request) {
  const auto keep = std::chrono::duration_cast<std::chrono::seconds>(service().policy().limits().resumption);
  if (request.resume && keep.count() > 0) sm_id_ = service().name_stream(number());
  stream_.on_sm_enabled({.id = sm_id_, .max = sm_id_.empty() ? 0 : static_cast<std::uint32_t>(keep.count())});
  report(unreported_.size());  // none of these counts
  acks_.begin();
  offer_returns();
}

void IncomingConnection::resume(const Resumption& request) {
  resumed_h_ = request.h;
  service().resume(number(), request);
}

void IncomingConnection::on_resumed(const std::string& sm_id, std::uint32_t h, const std::set<DomainPair>& pairs) {
  sm_id_ = sm_id;
  stream_.on_resumed(h, pairs);
  acks_.begin(resumed_h_);
  offer_returns();
  update_reading();
}

void IncomingConnection::on_resume_failed() {
  stream_.on_resume_failed({});
  update_reading();
}

void IncomingConnection::resumed_elsewhere(std::uint32_t h) {
  report(acks_.acknowledged(h).value_or(0));
  lose_returns();
}

void IncomingConnection::on_ack(std::uint32_t h) {
  const auto arrived = acks_.acknowledged(h);
  if (!arrived) return stream_.fail({xmpp::StreamCondition::undefined_condition, "", arrived.error().to_xml()});
  report(*arrived);
}

// ---- the way back ----

// Stream management is enabled right after the login or not at all, and what is sent before it began does not count.
void IncomingConnection::on_stanza(Arrival arrival) {
  if (!offering_ && stream_.bidi()) offer_returns();
  Owned::on_stanza(std::move(arrival));
}

void IncomingConnection::offer_returns() {
  offering_ = true;
  for (const DomainPair& pair : stream_.receives()) offer(pair);
}

void IncomingConnection::offer(const DomainPair& pair) {
  if (stream_.may_send(pair) && offered_.insert(pair).second) service().offer_return(number(), pair);
}

void IncomingConnection::begin_return(Service::Place link, const DomainPair& pair) {
  returns_.push_back(link);
  if (stream_.is_closed() || !stream_.may_send(pair)) lose_returns();
}

void IncomingConnection::end_return(Service::Place link) { std::erase(returns_, link); }

// Where it can't be sent any more the link is told of the loss, and what it has sent since is not reported.
void IncomingConnection::send_back(Service::Place link, const xmpp::StanzaRef& stanza, const xmpp::Jid& from,
                                   const xmpp::Jid& to) {
  if (suspended_ || ending_ || stream_.is_closed() || std::ranges::find(returns_, link) == returns_.end()) return;
  touch();
  std::string bytes;
  xmpp::write(*stanza, from, to, {}, xmpp::ns::client, bytes);
  write(bytes);
  unreported_.push_back(link);
  acks_.sent();
}

/// The first of what was sent have arrived.
void IncomingConnection::report(std::size_t count) {
  count = std::min(count, unreported_.size());
  while (count > 0) {
    const Service::Place link = unreported_.front();
    std::uint32_t run = 0;
    for (; count > 0 && unreported_.front() == link; --count, ++run) unreported_.pop_front();
    link.service->loop().post([link, run] { link.service->return_done(link.number, run); });
  }
  if (ending_ && unreported_.empty()) end_handled();
}

void IncomingConnection::lose_returns() {
  returns_too_late_.cancel();
  unreported_.clear();
  for (const Service::Place& link : std::exchange(returns_, {}))
    link.service->loop().post([link] { link.service->return_lost(link.number, {.text = "the stream was lost"}); });
}

void IncomingConnection::on_drained() {
  Connection::on_drained();
  if (!acks_.began()) report(unreported_.size());
}

// ---- the end ----

void IncomingConnection::suspend() {
  if (std::exchange(suspended_, true)) return;
  let_go();
  acks_.stop();
  const base::Duration resumption = service().policy().limits().resumption;
  too_late_ = base::Timer(loop(), resumption, [this] { service().retire(number()); });
  if (!returns_.empty())
    returns_too_late_ =
        base::Timer(loop(), std::min<base::Duration>(resumption, kReturnPatience), [this] { lose_returns(); });
}

void IncomingConnection::end(const xmpp::StreamError& why) {
  if (suspended_) return service().retire(number());
  stream_.fail(why);
}

void IncomingConnection::end_in_order(const xmpp::StreamError& why) {
  if (suspended_) return service().retire(number());
  if (std::exchange(ending_, why)) return;
  if (unreported_.empty()) return end_handled();
  acks_.ask();
  last_answer_ = base::Timer(loop(), kLastAnswer, [this] { end_handled(); });
}

void IncomingConnection::end_handled() {
  last_answer_.cancel();
  stream_.pause();
  update_reading();
  when_handled([&service = service(), number = number(), why = *ending_] {
    if (Connection* handled = service.connection(number)) handled->end(why);
  });
}

void IncomingConnection::on_closed(const base::Error& why) {
  base::log::debug("federation_closed", {{"remote", stream_.pair().remote}, {"why", why.what}});
  if (!sm_id_.empty() && !stream_.is_closed()) return suspend();
  service().retire(number());
}

}  // namespace s2s
