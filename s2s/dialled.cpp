#include "s2s/dialled.h"

#include <utility>

namespace s2s {

Dialled::Dialled(Service& service, Plan plan) : Owned(service, true), stream_(*this, std::move(plan)) {
  const DomainPair& pair = stream_.pair();
  route_ = std::make_unique<Route>(service, pair.remote, service.policy().rules(pair.local, pair.remote),
                                   [this](std::expected<Route::Reached, Failure> result) {
                                     if (!result) return end_with(result.error());
                                     reached(std::move(*result));
                                   });
}

void Dialled::reached(Route::Reached reached) {
  target_ = std::move(reached.target);
  others_ = reached.others;
  know_by({.host = target_->host, .records = std::move(reached.tlsa)});
  direct_tls_ = target_->direct_tls;
  expect(service().policy().limits().negotiation);
  carry(std::move(reached.transport));
  if (direct_tls_) return begin_tls(true);
  stream_.open();
}

void Dialled::secured() {
  stream_.on_tls_established();
  if (direct_tls_) stream_.open();
}

void Dialled::end(const xmpp::StreamError& why) {
  if (transport() != nullptr) return stream_.fail(why);
  end_with({.text = why.text});
}

void Dialled::closed(const xmpp::StreamError* error, bool by_peer) {
  peer_spoke_ = by_peer;
  finish(error, by_peer);
}

void Dialled::arrived() {
  target_.reset();
  service().reached(stream_.pair().remote);
}

/// What whoever waits is told (RFC 6120 8.3.3.16, .17).
Failure Dialled::failure() const {
  const std::string& remote = stream_.pair().remote;
  const auto& error = ended_with();
  if (!error) return {.text = "the connection to " + remote + " was lost"};
  const std::string what = error->text.empty() ? std::string(xmpp::to_string(error->condition)) : error->text;
  const bool unknown = error->condition == xmpp::StreamCondition::host_unknown;
  return {.condition = unknown ? xmpp::Condition::remote_server_not_found : xmpp::Condition::remote_server_timeout,
          .text = "no stream to " + remote + ": " + what};
}

void Dialled::end_with(const Failure& why) {
  if (!std::exchange(over_, true)) over(why);
}

void Dialled::on_closed(const base::Error& why) {
  Failure told = failure();
  if (!ended_with() && !why.what.empty()) told.text += ": " + why.what;
  // What the peer itself says against us it would say elsewhere too.
  if (target_ && !peer_spoke_) {
    service().tried(stream_.pair().remote, *target_);
    told.elsewhere = others_;
  }
  end_with(told);
}

}  // namespace s2s
