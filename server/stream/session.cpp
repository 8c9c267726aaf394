// After authentication: resumption, resource binding (RFC 6120 7, XEP-0386), stream management, and what passes through
// to the session.
#include "base/base64.h"
#include "stream/client_stream.h"
#include "stream/digest.h"
#include "stream/features.h"
#include "stream/sm.h"
#include "stream/sm_elements.h"
#include "xml/writer.h"
#include "xmpp/ns.h"

namespace stream {
namespace {

namespace ns = xmpp::ns;
using Condition = xmpp::Condition;
using StreamCondition = xmpp::StreamCondition;

constexpr std::size_t kResourceBytes = 9;  // 12 characters; unique among one account's resources

xml::Document make_iq(std::string_view type, std::string_view id) {
  xml::Document iq(ns::client, "iq");
  iq.root().set_attr("type", type);
  if (!id.empty()) iq.root().set_attr("id", id);
  return iq;
}

std::string iq_error(std::string_view id, const xmpp::StanzaError& why) {
  xml::Document iq = make_iq("error", id);
  xml::Element& error = iq.root().add("error");
  error.set_attr("type", to_string(why.type)).add(to_string(why.condition), ns::stanza_errors);
  if (!why.text.empty()) {
    error.add("text", ns::stanza_errors).add_text(why.text).set_attr("lang", "en", xml::kXmlNamespace);
  }
  return xml::to_string(iq.root(), ns::client);
}

/// The server's part of a resource: stable for an installation that names itself, without showing how (XEP-0386 3.2.1).
std::string generated_part(const xmpp::Jid& account, std::string_view user_agent, std::string_view secret,
                           base::Random& random) {
  if (user_agent.empty()) return random.token(kResourceBytes);
  std::string text = "resource";
  text.append(1, '\0').append(account.str()).append(1, '\0').append(user_agent);
  return base::base64url(hmac(Hash::sha256, secret, text).substr(0, kResourceBytes));
}

/// A stream error for a bind request inside SASL2, which has no failure of its own.
StreamCondition as_stream_error(Condition condition) {
  switch (condition) {
    case Condition::conflict: return StreamCondition::conflict;
    case Condition::not_authorized: return StreamCondition::not_authorized;
    case Condition::not_allowed:
    case Condition::policy_violation: return StreamCondition::policy_violation;
    case Condition::resource_constraint: return StreamCondition::resource_constraint;
    default: return StreamCondition::internal_server_error;
  }
}

}  // namespace

// ---- requests inside <authenticate/> ----

/// Resumption first; binding only where that did not succeed (XEP-0386 3.2, XEP-0198 9.2).
void ClientStream::answer_inline_requests() {
  Attempt& attempt = login_->attempt;
  if (attempt.resume) {
    ResumeRequest request = *std::move(attempt.resume);
    attempt.resume.reset();
    return request_resume(std::move(request));
  }
  if (!attempt.bind2.empty()) return bind_inline();
  finish_sasl2(attempt.account, false);
}

void ClientStream::bind_inline() {
  const Attempt& attempt = login_->attempt;
  std::string part = generated_part(attempt.account, attempt.user_agent, offer_->fake.secret, owner_->random());
  const std::string tag = attempt.bind2.root().child_text(ns::bind2, "tag");
  std::string tagged = tag + '/' + part;
  const bool usable = !tag.empty() && attempt.account.with_resource(tagged).has_value();
  const ResourceRequest request{.account = attempt.account,
                                .resource = usable ? std::move(tagged) : std::move(part),
                                .bind2 = &attempt.bind2.root()};
  await(Wait::bind);
  owner_->bind(request);
}

/// XEP-0388 2.6.1: features follow at once, without a restart; none after a resumption (XEP-0198 9.2).
void ClientStream::finish_sasl2(const xmpp::Jid& identity, bool resumed) {
  const Attempt& attempt = login_->attempt;
  const bool bound = !attempt.bound.empty();
  std::string results = attempt.resume_result;
  if (bound) xml::write(attempt.bound.root(), ns::sasl2, results);
  std::string bytes = success_xml(attempt.additional_data, identity.str(), results);
  if (!resumed) {
    const SessionStage stage{.bound = bound, .sm_enabled = sm_enabled_};
    bytes += session_features(*offer_, stage, owner_->session_features(host_.domain));
  }
  login_->inline_requests = false;
  phase_ = Phase::unbound;
  owner_->send(std::move(bytes));
  if (bound || resumed) establish(identity, resumed);
}

void ClientStream::establish(xmpp::Jid jid, bool resumed) {
  phase_ = Phase::bound;
  established_ = true;
  login_.reset();
  owner_->established(jid, resumed);
}

// ---- resumption (XEP-0198 5) ----

void ClientStream::resume(xml::Document& element) {
  auto request = read_resume(element.root());
  if (!request) return resume_failed(std::nullopt, request.error());
  request_resume(*std::move(request));
}

void ClientStream::request_resume(ResumeRequest request) {
  if (!offer_->stream_management) return resume_failed(std::nullopt, Condition::feature_not_implemented);
  request.account = login_->attempt.account;
  login_->previd = request.previd;
  await(Wait::resume);
  owner_->resume(request);
}

void ClientStream::on_resumed(const xmpp::Jid& jid, std::uint32_t h) {
  if (!take_answer(Wait::resume)) return;
  sm_tried_ = sm_enabled_ = true;
  std::string resumed = xml::to_string(make_resumed(login_->previd, h).root());
  if (login_->inline_requests) {
    login_->attempt.resume_result = std::move(resumed);
    return finish_sasl2(jid, true);
  }
  owner_->send(std::move(resumed));
  establish(jid, true);
}

void ClientStream::on_resume_failed(std::optional<std::uint32_t> h, Condition condition) {
  if (take_answer(Wait::resume)) resume_failed(h, condition);
}

void ClientStream::resume_failed(std::optional<std::uint32_t> h, Condition condition) {
  std::string failed = xml::to_string(make_failed(condition, h).root());
  if (login_->inline_requests) {
    login_->attempt.resume_result = std::move(failed);
    return answer_inline_requests();
  }
  phase_ = Phase::unbound;
  owner_->send(std::move(failed));
}

// ---- resource binding (RFC 6120 7) ----

void ClientStream::bind(xml::Document& iq) {
  login_->iq_id = iq.root().attr("id");
  if (login_->iq_id.empty()) return owner_->send(iq_error({}, Condition::bad_request));
  const ResourceRequest request{.account = login_->attempt.account,
                                .resource = iq.root().child(ns::bind, "bind")->child_text(ns::bind, "resource")};
  await(Wait::bind);
  owner_->bind(request);
}

void ClientStream::on_bound(const xmpp::Jid& jid, xml::Document bound) {
  if (!take_answer(Wait::bind)) return;
  if (!login_->inline_requests) {
    xml::Document result = make_iq("result", login_->iq_id);
    result.root().add("bind", ns::bind).add_text_child("jid", jid.str());
    owner_->send(xml::to_string(result.root(), ns::client));
    return establish(jid, false);
  }
  Attempt& attempt = login_->attempt;
  attempt.bound = bound.empty() ? xml::Document(ns::bind2, "bound") : std::move(bound);
  login_->jid = jid;
  if (const auto* enable_too = attempt.bind2.root().child(ns::sm, "enable")) return request_sm(*enable_too);
  finish_sasl2(jid, false);
}

void ClientStream::on_bind_failed(const xmpp::StanzaError& error) {
  if (!take_answer(Wait::bind)) return;
  if (login_->inline_requests) return fail({as_stream_error(error.condition), error.text});
  phase_ = Phase::unbound;
  owner_->send(iq_error(login_->iq_id, error));
}

// ---- stream management's other requests ----

/// XEP-0198 3: one attempt (SECURITY C10).
void ClientStream::enable(xml::Document& element) {
  if (sm_tried_) return fail({StreamCondition::policy_violation, "Stream management can be enabled once."});
  request_sm(element.root());
}

void ClientStream::request_sm(const xml::Element& element) {
  sm_tried_ = true;
  if (!offer_->stream_management) return answer_sm(make_failed(Condition::feature_not_implemented));
  await(Wait::sm);
  owner_->enable_sm(read_enable(element));
}

void ClientStream::on_sm_enabled(const SmEnabled& enabled) {
  if (!take_answer(Wait::sm)) return;
  sm_enabled_ = true;
  answer_sm(make_enabled(enabled));
}

void ClientStream::on_sm_failed(Condition condition) {
  if (take_answer(Wait::sm)) answer_sm(make_failed(condition));
}

void ClientStream::answer_sm(const xml::Document& answer) {
  if (established_) {
    phase_ = Phase::bound;
    return owner_->send(xml::to_string(answer.root()));
  }
  login_->attempt.bound.root().add_copy(answer.root());
  finish_sasl2(login_->jid, false);
}

void ClientStream::sm_misplaced(xml::Document&) {
  owner_->send(xml::to_string(make_failed(Condition::unexpected_request).root()));
}

// Without stream management an <r/> has no count to be answered with.
void ClientStream::ack(xml::Document& element) {
  if (!sm_enabled_) return;
  if (element.root().name() == "r") return owner_->on_ack_request();
  const auto h = parse_h(element.root().attr("h"));
  if (!h) return fail({StreamCondition::bad_format, "'h' is no count."});
  owner_->on_ack(*h);
}

// ---- the session ----

void ClientStream::stanza(xml::Document& element) { owner_->on_stanza(std::move(element)); }

void ClientStream::client_state(xml::Document& element) { owner_->on_client_state(element.root().name() == "active"); }

// The next two are answered here only while stanzas are not counted: an answer of ours would be missing in the
// owner's counts (XEP-0198 4).

void ClientStream::bind_again(xml::Document& iq) {
  if (sm_enabled_) return stanza(iq);
  owner_->send(iq_error(iq.root().attr("id"), Condition::not_allowed));
}

void ClientStream::legacy_session(xml::Document& iq) {
  if (sm_enabled_) return stanza(iq);
  owner_->send(xml::to_string(make_iq("result", iq.root().attr("id")).root(), ns::client));
}

}  // namespace stream
