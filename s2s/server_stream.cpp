#include "s2s/server_stream.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "stream/header.h"
#include "xmpp/domain.h"
#include "xmpp/ns.h"

namespace s2s {
namespace {

using Condition = xmpp::StreamCondition;

/// Of an address whose other parts are not judged here: another server may prepare them by other rules.
std::optional<std::string> domain_of(std::string_view address) {
  address = address.substr(0, address.find('/'));
  const std::size_t at = address.find('@');
  return xmpp::prepare_domain(at == address.npos ? address : address.substr(at + 1));
}

bool is_stanza(const xml::Element& element) {
  const std::string_view name = element.name();
  return element.ns() == xmpp::ns::server && (name == "message" || name == "presence" || name == "iq");
}

Condition parse_stream_condition(const xml::Element& error) {
  for (const xml::Element& child : xml::children(error)) {
    for (auto i = 0; i <= std::to_underlying(Condition::unsupported_version); ++i) {
      const auto condition = static_cast<Condition>(i);
      if (child.is(xmpp::ns::stream_errors, xmpp::to_string(condition))) return condition;
    }
  }
  return Condition::undefined_condition;
}

}  // namespace

// ---- the frame ----

bool ServerStream::wants_input() const {
  switch (phase_) {
    case Phase::idle:
    case Phase::tls:
    case Phase::waiting:
    case Phase::closed: return false;
    default: return !paused_;
  }
}

std::string ServerStream::header(const DomainPair& pair, std::string_view id) {
  header_sent_ = true;
  return stream::header_xml(
      {.content_ns = xmpp::ns::server, .from = pair.local, .to = pair.remote, .id = id, .dialback_ns = ns::dialback});
}

void ServerStream::restart() {
  header_sent_ = false;
  phase_ = Phase::header;
  owner_->restart_reader();
}

void ServerStream::on_end() {
  if (phase_ != Phase::closed) owner_->peer_closed();
}

void ServerStream::on_fault(xml::Fault fault) { fail(stream::error_for(fault)); }

void ServerStream::fail(const xmpp::StreamError& error) {
  if (phase_ == Phase::closed) return;
  // During a handshake nothing may be sent in the clear; before a word there is no stream to end.
  if (phase_ == Phase::tls || phase_ == Phase::idle) return end({}, &error);
  std::string bytes;
  if (!header_sent_) {
    const DomainPair from{pair_.local.empty() ? owner_->default_domain() : pair_.local, pair_.remote};
    bytes = header(from, {});
  }
  end(bytes.append(xmpp::to_xml(error)).append(stream::kFooter), &error);
}

void ServerStream::close() {
  if (phase_ != Phase::closed) end(std::string(header_sent_ ? stream::kFooter : std::string_view()), nullptr);
}

void ServerStream::end(std::string bytes, const xmpp::StreamError* error, bool by_peer) {
  phase_ = Phase::closed;
  asked_.clear();
  if (!bytes.empty()) owner_->send(std::move(bytes));
  owner_->closed(error, by_peer);
}

void ServerStream::misplaced() { fail({Condition::policy_violation, "This element was not expected now."}); }

bool ServerStream::take_common(xml::Document& element) {
  const xml::Element& root = element.root();
  if (is_stanza(root)) {
    stanza(std::move(element));
  } else if (root.ns() == xmpp::ns::sm && (root.name() == "r" || root.name() == "a")) {
    take_ack(root);
  } else if (root.is(xmpp::ns::stream, "error")) {
    take_error(root);
  } else {
    return false;
  }
  return true;
}

void ServerStream::take_error(const xml::Element& element) {
  const xmpp::StreamError error{parse_stream_condition(element), element.child_text(xmpp::ns::stream_errors, "text")};
  end(std::string(header_sent_ ? stream::kFooter : std::string_view()), &error, true);
}

// ---- stream management (XEP-0198) ----

void ServerStream::begin_sm(std::uint32_t h) {
  sm_enabled_ = true;
  handled_ = stream::InboundCounter(h);
  uncounted_ = under_way_;
}

void ServerStream::handled() {
  base::check(under_way_ > 0, "a stanza that was handed over");
  --under_way_;
  if (uncounted_ == 0) return handled_.handled();
  --uncounted_;
}

void ServerStream::acknowledge() {
  if (!sm_enabled_ || phase_ == Phase::closed) return;
  owner_->send("<a xmlns='" + std::string(xmpp::ns::sm) + "' h='" + std::to_string(handled_.h()) + "'/>");
}

void ServerStream::request_ack() {
  if (sm_enabled_ && phase_ != Phase::closed) owner_->send("<r xmlns='" + std::string(xmpp::ns::sm) + "'/>");
}

// Without stream management an <r/> has no count to be answered with.
void ServerStream::take_ack(const xml::Element& element) {
  if (!sm_enabled_) return;
  if (element.name() == "r") return acknowledge();
  const auto h = stream::parse_h(element.attr("h"));
  if (!h) return fail({Condition::bad_format, "'h' is no count."});
  owner_->on_ack(*h);
}

// ---- stanzas (RFC 6120 8.1.1.2, 8.1.2.2; SECURITY F02, F03) ----

void ServerStream::stanza(xml::Document element) {
  const std::string_view from = element.root().attr("from");
  const std::string_view to = element.root().attr("to");
  const auto sender = xmpp::Jid::parse(from);
  const auto receiver = xmpp::Jid::parse(to);
  auto remote = sender ? std::string(sender->domain()) : domain_of(from);
  auto local = receiver ? std::string(receiver->domain()) : domain_of(to);
  if (!remote || !local) return fail({Condition::improper_addressing, "A stanza needs 'from' and 'to'."});
  DomainPair pair{*std::move(local), *std::move(remote)};
  if (!may_receive(pair)) {
    const bool known = std::ranges::any_of(receives_, [&](const DomainPair& p) { return p.remote == pair.remote; });
    const Condition condition = known ? Condition::improper_addressing : Condition::invalid_from;
    return fail(
        {condition, "This stream is not authorised to carry stanzas from " + pair.remote + " to " + pair.local + "."});
  }
  Arrival arrival{std::move(pair), sender ? *sender : xmpp::Jid(), receiver ? *receiver : xmpp::Jid(), {}};
  element.replace_ns(xmpp::ns::server, xmpp::ns::client);
  arrival.stanza = std::move(element);
  ++under_way_;
  owner_->on_stanza(std::move(arrival));
}

// ---- dialback: what the peer asks ----

void ServerStream::answer(const Dialback& request, const Verdict& verdict) {
  owner_->send(to_xml(answer_to(request, verdict)));
}

void ServerStream::refuse(const Dialback& request, xmpp::Condition condition) {
  const Verdict verdict{DialbackType::error, condition};
  answer(request, verdict);
  if (request.step == DialbackStep::result) owner_->refused({request.to, request.from}, verdict);
}

void ServerStream::on_request(const Dialback& request) {
  if (!owner_->is_local(request.to)) return refuse(request, xmpp::Condition::item_not_found);
  const auto rules = owner_->rules({request.to, request.from});
  if (!rules) return refuse(request, xmpp::Condition::policy_violation);
  if (rules->encryption_required && !secure_) {
    // The dialback error for those who know it (XEP-0220 2.4.2), the stream error for all (RFC 6120 5.3.1).
    refuse(request, xmpp::Condition::policy_violation);
    if (receives_.empty()) fail({Condition::policy_violation, "Encryption is required."});
    return;
  }
  if (request.step == DialbackStep::result) return authorise(request, *rules);
  const bool ours = owner_->keys().matches(request.from, request.to, request.id, request.key);
  answer(request, {.type = ours ? DialbackType::valid : DialbackType::invalid});
}

/// What can be said without asking elsewhere.
std::optional<Verdict> ServerStream::judge(const Dialback& request, const StreamRules& rules) {
  if (may_receive({request.to, request.from})) return Verdict{.type = DialbackType::valid};
  if (!rules.receives) return Verdict{.condition = xmpp::Condition::policy_violation};
  if (receives_.size() >= limits_.pairs) return Verdict{.condition = xmpp::Condition::resource_constraint};
  // Without dialling back (XEP-0220 1.2): the certificate proves more than a key could.
  if (secure_ && owner_->certificate_names(request.from)) return Verdict{.type = DialbackType::valid};
  if (!rules.dialback || !owner_->key_fits(request.from)) return Verdict{.condition = xmpp::Condition::not_authorized};
  if (asked_.size() >= limits_.questions) return Verdict{.condition = xmpp::Condition::resource_constraint};
  return std::nullopt;
}

void ServerStream::authorise(const Dialback& request, const StreamRules& rules) {
  DomainPair pair{request.to, request.from};
  if (const auto verdict = judge(request, rules)) {
    if (verdict->type == DialbackType::error) return refuse(request, verdict->condition);
    const bool anew = receives_.insert(pair).second;
    answer(request, *verdict);
    if (anew) owner_->authorised(pair);
    return;
  }
  const auto under_way = [&](const Question& question) { return question.pair == pair; };
  if (std::ranges::any_of(asked_, under_way)) return;  // it gets its answer
  const Question question{std::move(pair), id_, request.key};
  asked_.push_back(question);
  owner_->verify(question);
}

void ServerStream::on_verified(const Question& question, const Verdict& verdict) {
  const auto found = std::ranges::find_if(
      asked_, [&](const Question& asked) { return asked.pair == question.pair && asked.id == question.id; });
  if (phase_ == Phase::closed || found == asked_.end()) return;
  const DomainPair pair = found->pair;
  asked_.erase(found);
  const Dialback request{.from = pair.remote, .to = pair.local};
  if (verdict.type == DialbackType::valid) {
    receives_.insert(pair);
    answer(request, verdict);
    return owner_->authorised(pair);
  }
  if (verdict.type == DialbackType::error) return refuse(request, verdict.condition);
  // XEP-0220 2.2.1: a forged domain ends the stream, unless others have proved theirs on it.
  if (!receives_.empty() || !asked_.empty()) return refuse(request, xmpp::Condition::forbidden);
  answer(request, {.type = DialbackType::invalid});
  owner_->refused(pair, {.type = DialbackType::invalid});
  close();
}

}  // namespace s2s
