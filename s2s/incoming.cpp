#include "s2s/incoming.h"

#include "base/check.h"
#include "stream/header.h"
#include "stream/sasl_elements.h"
#include "stream/sm_elements.h"
#include "xml/writer.h"
#include "xmpp/domain.h"
#include "xmpp/ns.h"

namespace s2s {
namespace {

using Condition = xmpp::StreamCondition;
using stream::Profile;
using stream::SaslCondition;

constexpr std::size_t kIdBytes = 16;  // RFC 6120 4.7.3: unpredictable, and a part of dialback keys

}  // namespace

Incoming::Incoming(IncomingOwner& owner, Offer offer)
    : ServerStream(owner, offer.limits), incoming_owner_(&owner), offer_(offer) {
  phase_ = Phase::header;
}

void Incoming::attach(IncomingOwner& owner) {
  ServerStream::attach(owner);
  incoming_owner_ = &owner;
}

// ---- header and features ----

Incoming::Next Incoming::on_header(const xml::Element& element, std::string_view default_ns) {
  if (phase_ != Phase::header) {
    misplaced();
    return next();
  }
  stream::ServerHeader read = stream::read_server_header(element, default_ns);
  const DomainPair named{read.to, read.from};
  const bool ours = !read.to.empty() && owner_->is_local(read.to);
  if (!read.error && read.to.empty()) read.error = {Condition::improper_addressing, "The header names no domain."};
  if (!read.error && !ours) read.error = {Condition::host_unknown, {}};
  if (!read.error) read.error = judge(named);
  id_ = owner_->random().token(kIdBytes);
  std::string bytes = header({ours ? read.to : owner_->default_domain(), read.from}, id_);
  if (read.error) {
    owner_->send(std::move(bytes));
    fail(*read.error);
    return next();
  }
  pair_ = named;
  phase_ = Phase::open;
  external_ =
      secure_ && !authenticated_ && !pair_.remote.empty() && rules_.receives && owner_->certificate_names(pair_.remote);
  owner_->send(bytes + features());
  return next();
}

/// A restart does not change whom the stream is for (SECURITY S05), once it is known who spoke.
std::optional<xmpp::StreamError> Incoming::judge(const DomainPair& named) {
  if (!pair_.local.empty() && named.local != pair_.local) {
    return {{Condition::not_authorized, "The domain may not change within a connection."}};
  }
  if (first_ && !named.remote.empty() && named.remote != first_->remote) {
    return {{Condition::invalid_from, "'from' is not the domain that was authenticated."}};
  }
  const auto rules = owner_->rules(named);
  if (!rules) return {{Condition::policy_violation, "These two domains do not talk to each other here."}};
  rules_ = *rules;
  return std::nullopt;
}

/// Dialback, bidi and stream management are named only where they may be used. Stream management stands here before
/// anything was authenticated, because after dialback no features follow.
std::string Incoming::features() const {
  xml::Document made(xmpp::ns::stream, "features");
  xml::Element& root = made.root();
  if (!secure_ && offer_.starttls) {
    xml::Element& starttls = root.add("starttls", xmpp::ns::tls);
    if (rules_.encryption_required) starttls.add("required");
  }
  if (external_) root.add("mechanisms", xmpp::ns::sasl).add_text_child("mechanism", "EXTERNAL");
  if (usable()) {
    root.add("dialback", ns::dialback_feature).add("errors");
    if (offer_.bidi && rules_.bidi && !bidi_) root.add("bidi", ns::bidi_feature);
    if (offer_.stream_management) root.add("sm", xmpp::ns::sm);
  }
  std::string out = "<stream:features>";
  for (const xml::Element& feature : xml::children(root)) xml::write(feature, xmpp::ns::server, out);
  return out.append("</stream:features>");
}

// ---- elements ----

Incoming::Next Incoming::on_element(xml::Document element) {
  if (phase_ == Phase::closed) return next();
  const xml::Element& root = element.root();
  if (phase_ == Phase::sasl) {
    respond(root);
  } else if (!take_common(element) && !take_negotiation(root) && !take_sm(root)) {
    fail({Condition::unsupported_stanza_type, {}});
  }
  return next();
}

bool Incoming::take_negotiation(const xml::Element& element) {
  if (element.is(xmpp::ns::tls, "starttls")) {
    start_tls();
  } else if (element.is(xmpp::ns::sasl, "auth")) {
    authenticate(element);
  } else if (element.is(ns::bidi, "bidi")) {
    enable_bidi();
  } else if (element.ns() == ns::dialback) {
    dialback(element);
  } else {
    return false;
  }
  return true;
}

// ---- TLS (RFC 6120 5) ----

/// Nothing proved in the clear is kept: STARTTLS comes first or not at all.
void Incoming::start_tls() {
  if (secure_ || !offer_.starttls || !receives().empty()) {
    // RFC 6120 5.4.2.2: the failure ends the stream; there is no stream error.
    const xmpp::StreamError why{Condition::policy_violation, "STARTTLS was not offered."};
    return end("<failure xmlns='" + std::string(xmpp::ns::tls) + "'/>" + std::string(stream::kFooter), &why);
  }
  owner_->send("<proceed xmlns='" + std::string(xmpp::ns::tls) + "'/>");
  restart();
  asked_.clear();
  bidi_ = false;
  phase_ = Phase::tls;
  owner_->start_tls();
}

void Incoming::on_tls_established() {
  if (phase_ == Phase::closed) return;
  base::check(!secure_ && !header_sent_, "TLS comes first");
  phase_ = Phase::header;
  secure_ = true;
}

// ---- SASL EXTERNAL (XEP-0178 3) ----

void Incoming::authenticate(const xml::Element& auth) {
  if (authenticated_ || sm_tried_) return misplaced();
  if (failures_ >= offer_.max_failures) return fail({Condition::policy_violation, "Too many failed logins."});
  if (!secure_) return refuse_login(SaslCondition::encryption_required);
  if (auth.attr("mechanism") != "EXTERNAL") return refuse_login(SaslCondition::invalid_mechanism);
  const auto initial = stream::read_initial_response(auth);
  if (!initial) return refuse_login(initial.error().condition);
  if (*initial) return check_identity(**initial);
  phase_ = Phase::sasl;  // RFC 4422 5: an empty challenge, where the peer has to speak first
  owner_->send(stream::challenge_xml(Profile::sasl, {}));
}

void Incoming::respond(const xml::Element& response) {
  phase_ = Phase::open;
  if (response.is(xmpp::ns::sasl, "abort")) return refuse_login(SaslCondition::aborted);
  if (!response.is(xmpp::ns::sasl, "response")) return misplaced();
  const auto message = stream::read_response(response);
  if (!message) return refuse_login(message.error().condition);
  check_identity(*message);
}

/// The identity is the header's `from`; one named besides has to be the same (XEP-0178 3, step 11).
void Incoming::check_identity(std::string_view authzid) {
  if (!external_) return refuse_login(SaslCondition::not_authorized);  // SECURITY F04
  if (!authzid.empty() && xmpp::prepare_domain(authzid) != pair_.remote) {
    return refuse_login(SaslCondition::invalid_authzid);
  }
  authenticated_ = true;
  first_ = pair_;
  owner_->send(stream::success_xml({}));
  restart();
  const bool anew = !may_receive(pair_);
  grant(pair_);
  if (anew) owner_->authorised(pair_);
}

void Incoming::refuse_login(SaslCondition condition) {
  ++failures_;
  owner_->send(stream::failure_xml(Profile::sasl, {condition, {}}));
}

// ---- dialback and bidi ----

/// An answer on a stream where nothing is ever asked is an attack (SECURITY F01; XEP-0220 3.1).
void Incoming::dialback(const xml::Element& element) {
  const auto read = read_dialback(element);
  if (!read) return fail(read.error());
  if (read->type != DialbackType::request) return fail({Condition::invalid_from, "Nobody asked for this."});
  on_request(*read);
}

void Incoming::enable_bidi() {
  if (!offer_.bidi || !rules_.bidi || !usable()) return misplaced();
  if (bidi_) return;
  bidi_ = true;
  incoming_owner_->bidi_enabled();
}

// ---- stream management (XEP-0198) ----

bool Incoming::take_sm(const xml::Element& element) {
  const bool enable = element.is(xmpp::ns::sm, "enable");
  if (!enable && !element.is(xmpp::ns::sm, "resume")) return false;
  const auto refuse = [this](xmpp::Condition condition) {
    owner_->send(xml::to_string(stream::make_failed(condition).root()));
    return true;
  };
  if (!offer_.stream_management) return refuse(xmpp::Condition::feature_not_implemented);
  if (receives().empty() || sm_tried_) return refuse(xmpp::Condition::unexpected_request);
  if (enable) {
    sm_tried_ = true;
    phase_ = Phase::waiting;
    incoming_owner_->enable_sm(stream::read_enable(element));
    return true;
  }
  auto request = stream::read_resume(element);
  if (!request) return refuse(request.error());
  previd_ = std::move(request->previd);
  phase_ = Phase::waiting;
  incoming_owner_->resume({.pair = first_ ? *first_ : *receives().begin(), .previd = previd_, .h = request->h});
  return true;
}

void Incoming::answer_sm(const xml::Document& answer) {
  phase_ = Phase::open;
  owner_->send(xml::to_string(answer.root()));
}

void Incoming::on_sm_enabled(const stream::SmEnabled& enabled) {
  if (phase_ != Phase::waiting) return;
  begin_sm(0);
  answer_sm(stream::make_enabled(enabled));
}

void Incoming::on_sm_failed(xmpp::Condition condition) {
  if (phase_ == Phase::waiting) answer_sm(stream::make_failed(condition));
}

void Incoming::on_resumed(std::uint32_t h, const std::set<DomainPair>& pairs) {
  if (phase_ != Phase::waiting) return;
  for (const DomainPair& pair : pairs) grant(pair);
  sm_tried_ = true;
  begin_sm(h);
  answer_sm(stream::make_resumed(previd_, h));
}

void Incoming::on_resume_failed(std::optional<std::uint32_t> h, xmpp::Condition condition) {
  if (phase_ == Phase::waiting) answer_sm(stream::make_failed(condition, h));
}

}  // namespace s2s
