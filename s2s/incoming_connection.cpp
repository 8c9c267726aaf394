#include "s2s/incoming_connection.h"

#include <utility>

namespace s2s {

// Stanzas to the peer go over streams of our own.
IncomingConnection::IncomingConnection(Service& service)
    : Owned(service, false), stream_(*this, {.starttls = static_cast<bool>(service.certificates()), .bidi = false}) {}

void IncomingConnection::start(std::unique_ptr<net::Transport> transport, bool direct_tls) {
  expect(service().policy().limits().negotiation);
  carry(std::move(transport));
  if (direct_tls) begin_tls(true);
}

void IncomingConnection::enable_sm(const stream::SmRequest& request) {
  const auto keep = std::chrono::duration_cast<std::chrono::seconds>(service().policy().limits().resumption);
  if (request.resume && keep.count() > 0) sm_id_ = service().name_stream(number());
  stream_.on_sm_enabled({.id = sm_id_, .max = sm_id_.empty() ? 0 : static_cast<std::uint32_t>(keep.count())});
}

void IncomingConnection::on_resumed(const std::string& sm_id, std::uint32_t h, const std::set<DomainPair>& pairs) {
  sm_id_ = sm_id;
  stream_.on_resumed(h, pairs);
  update_reading();
}

void IncomingConnection::on_resume_failed() {
  stream_.on_resume_failed({});
  update_reading();
}

IncomingConnection::~IncomingConnection() {
  if (!sm_id_.empty()) service().forget_stream(sm_id_, number());
}

void IncomingConnection::suspend() {
  if (std::exchange(suspended_, true)) return;
  let_go();
  too_late_ = base::Timer(loop(), service().policy().limits().resumption, [this] { service().retire(number()); });
}

void IncomingConnection::end(const xmpp::StreamError& why) {
  if (suspended_) return service().retire(number());
  stream_.fail(why);
}

void IncomingConnection::on_closed(const base::Error& why) {
  base::log::debug("federation_closed", {{"remote", stream_.pair().remote}, {"why", why.what}});
  if (!sm_id_.empty() && !stream_.is_closed()) return suspend();
  service().retire(number());
}

}  // namespace s2s
