#include "stream/negotiation.h"

#include "stream/client_stream.h"
#include "stream/header.h"

namespace stream {
Negotiation::Negotiation(NegotiationOwner& owner, base::Ref<const StreamOffer> offer, bool loopback_plaintext_allowed)
    : stream_(std::make_unique<ClientStream>(owner, std::move(offer), loopback_plaintext_allowed)) {}
Negotiation::Negotiation(Negotiation&&) noexcept = default;
Negotiation& Negotiation::operator=(Negotiation&&) noexcept = default;
Negotiation::~Negotiation() = default;
void Negotiation::attach(NegotiationOwner& owner) { stream_->attach(owner); }

Negotiation::Next Negotiation::on_header(const xml::Element& header, std::string_view default_ns) {
  stream_->on_header(header, default_ns);
  return wants_input() ? Next::go_on : Next::pause;
}

Negotiation::Next Negotiation::on_element(xml::Document element) {
  stream_->on_element(std::move(element));
  return wants_input() ? Next::go_on : Next::pause;
}

void Negotiation::on_end() { stream_->on_end(); }
void Negotiation::on_fault(xml::Fault fault) { stream_->fail(error_for(fault)); }
void Negotiation::on_tls_established(ChannelBinding binding) { stream_->on_tls_established(std::move(binding)); }

void Negotiation::on_credentials(std::optional<ScramKeys> keys) { stream_->on_credentials(std::move(keys)); }
void Negotiation::on_password_checked(bool fits) { stream_->on_password_checked(fits); }
void Negotiation::on_unavailable() { stream_->on_unavailable(); }
void Negotiation::continue_after_move() { stream_->continue_after_move(); }
void Negotiation::refuse_login(SaslCondition condition) { stream_->refuse_login(condition); }
void Negotiation::on_registration_answer(const xml::Document& iq) { stream_->on_registration_answer(iq); }
void Negotiation::on_resumed(const xmpp::Jid& jid, std::uint32_t h) { stream_->on_resumed(jid, h); }
void Negotiation::on_resume_failed(std::optional<std::uint32_t> h, xmpp::Condition condition) {
  stream_->on_resume_failed(h, condition);
}
void Negotiation::on_bound(const xmpp::Jid& jid, xml::Document bound) { stream_->on_bound(jid, std::move(bound)); }
void Negotiation::on_bind_failed(const xmpp::StanzaError& error) { stream_->on_bind_failed(error); }
void Negotiation::on_sm_enabled(const SmEnabled& enabled) { stream_->on_sm_enabled(enabled); }
void Negotiation::on_sm_failed(xmpp::Condition condition) { stream_->on_sm_failed(condition); }

void Negotiation::fail(const xmpp::StreamError& error) { stream_->fail(error); }
void Negotiation::close() { stream_->close(); }

bool Negotiation::wants_input() const {
  return stream_->phase() != Phase::waiting && stream_->phase() != Phase::closed;
}
bool Negotiation::is_closed() const { return stream_->phase() == Phase::closed; }
bool Negotiation::is_established() const { return stream_->established(); }
bool Negotiation::sm_enabled() const { return stream_->sm_enabled(); }
std::string_view Negotiation::host() const { return stream_->host().domain; }
std::string_view Negotiation::lang() const { return stream_->lang(); }

}  // namespace stream
