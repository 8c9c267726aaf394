// Authentication: SASL as RFC 6120 6 and as XEP-0388 have it, up to the point where the client is known.
#include "stream/client_stream.h"
#include "stream/features.h"
#include "stream/sm_elements.h"
#include "xml/writer.h"
#include "xmpp/domain.h"
#include "xmpp/ns.h"

namespace stream {
namespace {

namespace ns = xmpp::ns;
using Condition = xmpp::StreamCondition;

template <class... Functions>
struct Overload : Functions... {
  using Functions::operator()...;
};

}  // namespace

// ---- what the client sends ----

/// RFC 6120 6.4.5: after so many failures the stream ends (SECURITY A07).
bool ClientStream::exhausted() {
  if (login_->failures < offer_->max_failures) return false;
  fail({Condition::policy_violation, "Too many failed logins."});
  return true;
}

void ClientStream::authenticate(xml::Document& element) {
  if (exhausted()) return;
  const xml::Element& auth = element.root();
  Attempt& attempt = login_->attempt;
  attempt = {};
  attempt.profile = profile_of(auth);
  if (attempt.profile == Profile::sasl2) {
    if (const auto* agent = auth.child(ns::sasl2, "user-agent")) attempt.user_agent = agent->attr("id");
    if (const auto* bind = auth.child(ns::bind2, "bind")) attempt.bind2 = xml::Document::copy_of(*bind);
    if (const auto* resume = auth.child(ns::sm, "resume")) {
      if (auto read = read_resume(*resume)) {
        attempt.resume = *std::move(read);
      } else {
        attempt.resume_result = xml::to_string(make_failed(read.error()).root());
      }
    }
  }
  begin(auth);
}

void ClientStream::begin(const xml::Element& auth) {
  if (!secure()) return refuse({SaslCondition::encryption_required, {}});
  const Circumstances at = circumstances();
  auto mechanism = make_mechanism(auth.attr("mechanism"), at, offer_->fake,
                                  downgrade_text(offered_mechanisms(at), announced_bindings(at)), owner_->random());
  if (!mechanism) return refuse(mechanism.error());
  const InitialResponse initial = read_initial_response(auth);
  if (!initial) return refuse(initial.error());
  login_->attempt.mechanism = *std::move(mechanism);
  take(login_->attempt.mechanism->start(*initial));
}

void ClientStream::respond(xml::Document& element) {
  const auto message = read_response(element.root());
  if (!message) return refuse(message.error());
  take(login_->attempt.mechanism->respond(*message));
}

void ClientStream::abort(xml::Document&) { refuse({SaslCondition::aborted, {}}); }

/// A response or an abort without an exchange (CVE-2006-1329) counts as a failed one.
void ClientStream::stray_response(xml::Document& element) {
  if (exhausted()) return;
  login_->attempt = {};
  login_->attempt.profile = profile_of(element.root());
  refuse({SaslCondition::malformed_request, "No exchange was begun."});
}

// ---- what the mechanism wants ----

void ClientStream::take(Step step) {
  std::visit(Overload{
                 [this](Challenge& data) { challenge(data); },
                 [this](NeedCredentials& need) { need_credentials(std::move(need)); },
                 [this](NeedPasswordCheck& need) { need_password(std::move(need)); },
                 [this](Success& success) { succeed(std::move(success)); },
                 [this](Failure& failure) { refuse(failure); },
             },
             step);
}

void ClientStream::challenge(const Challenge& challenge) {
  const Profile profile = login_->attempt.profile;
  phase_ = profile == Profile::sasl ? Phase::sasl : Phase::sasl2;
  owner_->send(challenge_xml(profile, challenge.data));
}

/// A local part, or a bare address on this host, which some clients send; empty if it can be no account of this host.
xmpp::Jid ClientStream::account_of(std::string_view username) const {
  const std::size_t at = username.find('@');
  if (at != username.npos && xmpp::prepare_domain(username.substr(at + 1)) != host_.domain) return {};
  auto account = xmpp::Jid::make(username.substr(0, at), host_.domain);
  return account && !account->local().empty() ? *account : xmpp::Jid();
}

// A name that can be no account's runs through the same elements as an unknown one (SECURITY A06).
void ClientStream::need_credentials(NeedCredentials need) {
  const xmpp::Jid account = account_of(need.username);
  if (!account) return take(login_->attempt.mechanism->on_credentials(std::move(need.username), std::nullopt));
  login_->attempt.account = account;
  await(Wait::credentials);
  owner_->look_up(account, need.hash);
}

void ClientStream::need_password(NeedPasswordCheck need) {
  const xmpp::Jid account = account_of(need.username);
  if (!account) return take(login_->attempt.mechanism->on_password_checked(std::move(need.username), false));
  login_->attempt.account = account;
  await(Wait::password);
  owner_->check_password(account, std::move(need.password));
}

void ClientStream::on_credentials(std::optional<ScramKeys> keys) {
  if (!take_answer(Wait::credentials)) return;
  Attempt& attempt = login_->attempt;
  take(attempt.mechanism->on_credentials(std::string(attempt.account.str()), std::move(keys)));
}

void ClientStream::on_password_checked(bool fits) {
  if (!take_answer(Wait::password)) return;
  Attempt& attempt = login_->attempt;
  take(attempt.mechanism->on_password_checked(std::string(attempt.account.str()), fits));
}

void ClientStream::on_unavailable() {
  if (!take_answer(wait_ == Wait::password ? Wait::password : Wait::credentials)) return;
  take(login_->attempt.mechanism->on_unavailable());
}

// ---- how it ends ----

/// The authorization identity must be the account itself, after preparation (SECURITY A02); so must the header's
/// `from` be where it takes the place of one (XEP-0388 2.3).
void ClientStream::succeed(Success success) {
  Attempt& attempt = login_->attempt;
  const auto authzid = xmpp::Jid::parse(success.authzid);
  const bool own = success.authzid.empty() || (authzid && *authzid == attempt.account);
  const bool announced = attempt.profile == Profile::sasl || !login_->from || login_->from == attempt.account;
  if (!own || !announced) return refuse({SaslCondition::invalid_authzid, {}});
  attempt.mechanism.reset();
  attempt.additional_data = std::move(success.data);
  const xmpp::Jid account = attempt.account;
  await(Wait::move);
  owner_->authenticated(account);
}

/// Nothing of the attempt is kept, requests in it neither (XEP-0388 2.6.2).
void ClientStream::refuse(const Failure& failure) {
  std::string bytes = failure_xml(login_->attempt.profile, failure);
  if (failure.counts) {
    ++login_->failures;
    owner_->login_failed();
  }
  login_->attempt = {};
  phase_ = Phase::login;
  owner_->send(std::move(bytes));
}

void ClientStream::refuse_login(SaslCondition condition) {
  if (take_answer(Wait::move)) refuse({condition, {}});
}

void ClientStream::continue_after_move() {
  if (!take_answer(Wait::move)) return;
  authenticated_ = true;
  Attempt& attempt = login_->attempt;
  if (attempt.profile == Profile::sasl2) {
    login_->inline_requests = true;
    return answer_inline_requests();
  }
  owner_->send(success_xml(attempt.additional_data));
  restart();
}

// ---- registration before login (XEP-0077) ----

void ClientStream::register_account(xml::Document& iq) {
  if (!host_.registration || !secure()) return not_authorized(iq);
  await(Wait::registration);
  owner_->register_account(std::move(iq));
}

void ClientStream::on_registration_answer(const xml::Document& iq) {
  if (!take_answer(Wait::registration)) return;
  phase_ = Phase::login;
  owner_->send(xml::to_string(iq.root(), ns::client));
}

}  // namespace stream
