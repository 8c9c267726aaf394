#include "s2s/outgoing.h"

#include <algorithm>

#include "base/base64.h"
#include "base/check.h"
#include "stream/header.h"
#include "xml/writer.h"
#include "xmpp/ns.h"

namespace s2s {
namespace {

using Condition = xmpp::StreamCondition;

bool offers_external(const xml::Element& features) {
  const xml::Element* mechanisms = features.child(xmpp::ns::sasl, "mechanisms");
  if (mechanisms == nullptr) return false;
  for (const xml::Element& mechanism : xml::children(*mechanisms)) {
    if (mechanism.is(xmpp::ns::sasl, "mechanism") && mechanism.text() == "EXTERNAL") return true;
  }
  return false;
}

bool offers_dialback_errors(const xml::Element& features) {
  const xml::Element* dialback = features.child(ns::dialback_feature, "dialback");
  return dialback != nullptr && dialback->child(ns::dialback_feature, "errors") != nullptr;
}

}  // namespace

Outgoing::Outgoing(OutgoingOwner& owner, Plan plan)
    : ServerStream(owner, plan.limits), outgoing_owner_(&owner), plan_(std::move(plan)) {
  pair_ = plan_.pair;
}

void Outgoing::attach(OutgoingOwner& owner) {
  ServerStream::attach(owner);
  outgoing_owner_ = &owner;
}

// ---- header, features, TLS ----

void Outgoing::open() {
  if (phase_ == Phase::closed) return;
  base::check(phase_ == Phase::idle, "a stream is opened once");
  const auto rules = owner_->rules(pair_);
  if (rules) rules_ = *rules;
  const xmpp::StreamError blocked{Condition::policy_violation, "These two domains do not talk to each other."};
  if (!rules) return end({}, &blocked);
  if (secure_ && !peer_is_believed()) return;
  phase_ = Phase::header;
  owner_->send(header(pair_, {}));
}

/// Before a word is said behind TLS (SECURITY F04). Where dialback is enough to know a peer, so is having dialled it;
/// but not where a pin or the DNS knows another key.
bool Outgoing::peer_is_believed() {
  const bool fits = owner_->key_fits(pair_.remote);
  if (fits && (rules_.dialback || owner_->certificate_names(pair_.remote))) return true;
  phase_ = Phase::idle;
  if (!fits) {
    fail({Condition::not_authorized, "The key that " + pair_.remote + " shows is not the one it is known by."});
    return false;
  }
  fail({Condition::not_authorized, "The peer's certificate is not valid for " + pair_.remote + "."});
  return false;
}

void Outgoing::on_tls_established() {
  if (phase_ == Phase::closed) return;
  base::check(!secure_ && !header_sent_, "TLS comes first");
  secure_ = true;
  if (phase_ == Phase::idle) return;  // direct TLS; open() follows
  if (!peer_is_believed()) return;
  phase_ = Phase::header;
  owner_->send(header(pair_, {}));
}

Outgoing::Next Outgoing::on_header(const xml::Element& element, std::string_view default_ns) {
  if (phase_ != Phase::header) {
    misplaced();
    return next();
  }
  stream::ServerHeader read = stream::read_server_header(element, default_ns);
  if (!read.error && !read.from.empty() && read.from != pair_.remote) {
    read.error = {Condition::invalid_from, "This is not " + pair_.remote + "."};
  }
  // RFC 6120 4.7.3; without one no dialback key can be made. The peer that refuses us may leave it out, and says why.
  phase_ = Phase::features;
  id_ = std::move(read.id);
  if (read.error) fail(*read.error);
  return next();
}

Outgoing::Next Outgoing::on_element(xml::Document element) {
  const xml::Element& root = element.root();
  if (phase_ == Phase::closed || take_common(element)) return next();
  switch (phase_) {
    case Phase::features: take_features(root); break;
    case Phase::proceed: take_tls(root); break;
    case Phase::sasl: take_sasl(root); break;
    default:
      if (root.ns() == ns::dialback) {
        take_dialback(root);
      } else if (root.ns() == xmpp::ns::sm) {
        take_sm(root);
      } else if (!root.is(xmpp::ns::stream, "features")) {
        fail({Condition::unsupported_stanza_type, {}});
      }
  }
  return next();
}

void Outgoing::take_features(const xml::Element& features) {
  if (!features.is(xmpp::ns::stream, "features")) return misplaced();
  if (!secure_ && features.child(xmpp::ns::tls, "starttls") != nullptr) {
    phase_ = Phase::proceed;
    return owner_->send("<starttls xmlns='" + std::string(xmpp::ns::tls) + "'/>");
  }
  if (!secure_ && (rules_.encryption_required || !rules_.dialback)) {
    return fail({Condition::policy_violation, pair_.remote + " offers no encryption, which is required."});
  }
  if (id_.empty()) return fail({Condition::bad_format, "The stream has no id."});
  phase_ = Phase::open;
  errors_known_ = offers_dialback_errors(features);
  sm_offered_ = features.child(xmpp::ns::sm, "sm") != nullptr;
  if (!plan_.questions_only && plan_.bidi && rules_.bidi && !bidi_ &&
      features.child(ns::bidi_feature, "bidi") != nullptr) {
    bidi_ = true;
    owner_->send("<bidi xmlns='" + std::string(ns::bidi) + "'/>");
  }
  if (authenticated_) {
    ready_for_questions();
    return accept_first();
  }
  if (plan_.questions_only || !secure_ || !plan_.certificate || !offers_external(features)) return begin_dialback();
  phase_ = Phase::sasl;
  // The authorization identity is needless but expected by some (XEP-0178 3, step 10).
  owner_->send("<auth xmlns='" + std::string(xmpp::ns::sasl) + "' mechanism='EXTERNAL'>" + base::base64(pair_.local) +
               "</auth>");
}

void Outgoing::take_tls(const xml::Element& element) {
  if (element.is(xmpp::ns::tls, "failure")) {
    return fail({Condition::policy_violation, pair_.remote + " can't begin TLS."});
  }
  if (!element.is(xmpp::ns::tls, "proceed")) return misplaced();
  restart();
  phase_ = Phase::tls;
  owner_->start_tls();
}

void Outgoing::take_sasl(const xml::Element& element) {
  if (element.is(xmpp::ns::sasl, "failure")) {  // XEP-0178 3, step 11b
    phase_ = Phase::open;
    return begin_dialback();
  }
  if (!element.is(xmpp::ns::sasl, "success")) return misplaced();
  authenticated_ = true;
  restart();
  owner_->send(header(pair_, {}));
}

// ---- dialback: what we ask ----

void Outgoing::begin_dialback() {
  ready_for_questions();
  if (!plan_.questions_only && phase_ != Phase::closed) send_request(pair_);
}

void Outgoing::send_request(const DomainPair& pair) {
  requested_.insert(pair);
  owner_->send(to_xml(
      {.from = pair.local, .to = pair.remote, .id = {}, .key = owner_->keys().key(pair.remote, pair.local, id_)}));
}

bool Outgoing::request(const DomainPair& pair) {
  if (!established_ || phase_ != Phase::open || requested_.contains(pair) || sends_.contains(pair)) return false;
  if (sends_.size() >= limits_.pairs || requested_.size() >= limits_.questions) return false;
  const auto rules = owner_->rules(pair);
  if (!rules || (rules->encryption_required && !secure_)) return false;
  if (pair.remote != pair_.remote && !errors_known_) return false;
  if (!rules->dialback && !(secure_ && owner_->certificate_names(pair.remote))) return false;
  send_request(pair);
  return true;
}

bool Outgoing::ask(const Question& question) {
  if (phase_ == Phase::closed || questions_.size() >= limits_.questions) return false;
  questions_.push_back({question});
  if (ready_) ready_for_questions();
  return true;
}

void Outgoing::forget(const Question& question) {
  const auto same = [&](const Asked& asked) {
    return asked.question.pair == question.pair && asked.question.id == question.id;
  };
  const auto found = std::ranges::find_if(questions_, same);
  if (found == questions_.end()) return;
  found->forgotten = true;
  if (!found->sent) questions_.erase(found);
}

void Outgoing::ready_for_questions() {
  ready_ = true;
  for (Asked& asked : questions_) {
    if (std::exchange(asked.sent, true)) continue;
    const Question& question = asked.question;
    owner_->send(to_xml({.step = DialbackStep::verify,
                         .from = question.pair.local,
                         .to = question.pair.remote,
                         .id = question.id,
                         .key = question.key}));
  }
}

void Outgoing::take_dialback(const xml::Element& element) {
  const auto read = read_dialback(element);
  if (!read) return fail(read.error());
  if (read->type == DialbackType::request) {
    // XEP-0288 2.2: for further domains, once both sides know each other.
    if (!bidi_ || !established_) return fail({Condition::invalid_from, "This stream goes one way."});
    return on_request(*read);
  }
  if (read->step == DialbackStep::verify) return take_answer(*read);
  take_result(*read);
}

/// Only what was asked on this very stream is answered (SECURITY F01; XEP-0220 3.1).
void Outgoing::take_result(const Dialback& answer) {
  const DomainPair pair{answer.to, answer.from};
  if (requested_.erase(pair) == 0) return fail({Condition::invalid_from, "Nobody asked for this."});
  if (answer.type != DialbackType::valid) {
    return outgoing_owner_->pair_refused(pair, {answer.type, answer.condition});
  }
  if (pair == pair_) return accept_first();
  sends_.insert(pair);
  // Who accepts stanzas for another domain needn't be it: to send for it takes proof.
  const bool proved = bidi_ && (pair.remote == pair_.remote || (secure_ && owner_->certificate_names(pair.remote)));
  if (proved) grant(pair);
  outgoing_owner_->pair_accepted(pair);
  if (proved && phase_ != Phase::closed) owner_->authorised(pair);
}

void Outgoing::take_answer(const Dialback& answer) {
  const auto same = [&](const Asked& asked) {
    const DomainPair& pair = asked.question.pair;
    return asked.sent && pair.local == answer.to && pair.remote == answer.from && asked.question.id == answer.id;
  };
  const auto found = std::ranges::find_if(questions_, same);
  if (found == questions_.end()) return fail({Condition::invalid_from, "Nobody asked for this."});
  const Asked asked = std::move(*found);
  questions_.erase(found);
  if (!asked.forgotten) outgoing_owner_->answered(asked.question, {answer.type, answer.condition});
}

// ---- from the first pair to stanzas ----

void Outgoing::accept_first() {
  sends_.insert(pair_);
  if (bidi_) {
    grant(pair_);
    owner_->authorised(pair_);
  }
  if (phase_ != Phase::closed) negotiate_sm();
}

/// XEP-0198 5: resumption takes the place of enabling, which follows where it fails.
void Outgoing::negotiate_sm() {
  if (!sm_offered_ || !plan_.stream_management) return establish({});
  const std::string xmlns = " xmlns='" + std::string(xmpp::ns::sm) + "'";
  if (plan_.lost && !std::exchange(sm_tried_, true)) {
    sm_ = Sm::resuming;
    std::string resume = "<resume" + xmlns + " h='" + std::to_string(plan_.lost->handled) + "' previd='";
    xml::escape_attr(plan_.lost->id, resume);
    return owner_->send(resume.append("'/>"));
  }
  sm_ = Sm::enabling;
  owner_->send("<enable" + xmlns + " resume='true'/>");
}

const Lost* Outgoing::still_lost() const {
  return plan_.lost && (!sm_tried_ || sm_ == Sm::resuming) ? &*plan_.lost : nullptr;
}

void Outgoing::take_sm(const xml::Element& element) {
  const Sm asked = std::exchange(sm_, Sm::none);
  const std::string_view name = element.name();
  if (asked == Sm::enabling && name == "enabled") {
    begin_sm(0);
    const std::string_view resume = element.attr("resume");
    const bool resumable = resume == "true" || resume == "1";
    return establish({.sm = true,
                      .sm_id = std::string(resumable ? element.attr("id") : ""),
                      .max = stream::parse_h(element.attr("max")).value_or(0),
                      .h = lost_h_});
  }
  if (asked == Sm::resuming && name == "resumed") {
    const auto h = stream::parse_h(element.attr("h"));
    if (!h || element.attr("previd") != plan_.lost->id) return fail({Condition::bad_format, "What was resumed?"});
    begin_sm(plan_.lost->handled);
    sends_.insert(plan_.lost->sends.begin(), plan_.lost->sends.end());
    if (bidi_) std::ranges::for_each(plan_.lost->receives, [this](const DomainPair& pair) { grant(pair); });
    return establish({.sm = true, .sm_id = plan_.lost->id, .resumed = true, .h = h});
  }
  if (asked == Sm::none || name != "failed") return misplaced();
  if (asked == Sm::enabling) return establish({.h = lost_h_});
  lost_h_ = stream::parse_h(element.attr("h"));
  negotiate_sm();
}

void Outgoing::establish(Established how) {
  established_ = true;
  how.external = authenticated_;
  outgoing_owner_->established(how);
}

}  // namespace s2s
