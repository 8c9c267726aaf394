#include "stream/client_stream.h"

#include <array>
#include <utility>

#include "base/check.h"
#include "stream/features.h"
#include "stream/header.h"
#include "xml/writer.h"
#include "xmpp/ns.h"

namespace stream {
namespace {

namespace ns = xmpp::ns;
using Condition = xmpp::StreamCondition;

constexpr std::size_t kIdBytes = 16;  // RFC 6120 4.7.3: unpredictable

/// What an element is to this machine.
enum class Kind : std::uint8_t {
  starttls,
  auth,  ///< or <authenticate/>
  response,
  abort,
  response2,
  abort2,
  bind,
  session,
  registration,
  stanza,
  enable,
  resume,
  ack,
  client_state,
  unknown,
};
constexpr std::size_t kKinds = std::to_underlying(Kind::unknown) + 1U;

struct Name {
  std::string_view ns, name;
  Kind kind;
};
constexpr Name kNames[] = {
    {ns::sm, "r", Kind::ack},
    {ns::sm, "a", Kind::ack},
    {ns::sm, "enable", Kind::enable},
    {ns::sm, "resume", Kind::resume},
    {ns::csi, "active", Kind::client_state},
    {ns::csi, "inactive", Kind::client_state},
    {ns::tls, "starttls", Kind::starttls},
    {ns::sasl, "auth", Kind::auth},
    {ns::sasl, "response", Kind::response},
    {ns::sasl, "abort", Kind::abort},
    {ns::sasl2, "authenticate", Kind::auth},
    {ns::sasl2, "response", Kind::response2},
    {ns::sasl2, "abort", Kind::abort2},
};

Kind kind_of_iq(const xml::Element& iq) {
  const std::string_view type = iq.attr("type");
  if (type != "set" && type != "get") return Kind::stanza;
  if (iq.child(ns::registration, "query") != nullptr) return Kind::registration;
  if (type == "get") return Kind::stanza;
  if (iq.child(ns::bind, "bind") != nullptr) return Kind::bind;
  return iq.child(ns::session, "session") != nullptr ? Kind::session : Kind::stanza;
}

Kind kind_of(const xml::Element& element) {
  const std::string_view name = element.name();
  if (element.ns() == ns::client) {
    if (name == "iq") return kind_of_iq(element);
    return name == "message" || name == "presence" ? Kind::stanza : Kind::unknown;
  }
  for (const Name& known : kNames) {
    if (element.is(known.ns, known.name)) return known.kind;
  }
  return Kind::unknown;
}

using C = ClientStream;
using Handler = void (ClientStream::*)(xml::Document&);
constexpr std::size_t kStages = 5;

// Element by stage. A stanza before its time is not-authorized (SECURITY A01, C02); a known element at the wrong time
// is policy-violation (`misplaced`); an element that nobody knows is unsupported-stanza-type (S07).
// clang-format off
constexpr std::array<std::array<Handler, kStages>, kKinds> kTable{{
    // login               sasl                sasl2               unbound             bound
    {&C::start_tls,        &C::misplaced,      &C::misplaced,      &C::refuse_tls,     &C::refuse_tls},   // starttls
    {&C::authenticate,     &C::misplaced,      &C::misplaced,      &C::misplaced,      &C::misplaced},    // auth
    {&C::stray_response,   &C::respond,        &C::misplaced,      &C::misplaced,      &C::misplaced},    // response
    {&C::stray_response,   &C::abort,          &C::misplaced,      &C::misplaced,      &C::misplaced},    // abort
    {&C::stray_response,   &C::misplaced,      &C::respond,        &C::misplaced,      &C::misplaced},    // response2
    {&C::stray_response,   &C::misplaced,      &C::abort,          &C::misplaced,      &C::misplaced},    // abort2
    {&C::not_authorized,   &C::not_authorized, &C::not_authorized, &C::bind,           &C::bind_again},   // bind
    {&C::not_authorized,   &C::not_authorized, &C::not_authorized, &C::not_authorized, &C::legacy_session},// session
    {&C::register_account, &C::not_authorized, &C::not_authorized, &C::not_authorized, &C::stanza},       // register
    {&C::not_authorized,   &C::not_authorized, &C::not_authorized, &C::not_authorized, &C::stanza},       // stanza
    {&C::sm_misplaced,     &C::misplaced,      &C::misplaced,      &C::sm_misplaced,   &C::enable},       // enable
    {&C::sm_misplaced,     &C::misplaced,      &C::misplaced,      &C::resume,         &C::sm_misplaced}, // resume
    {&C::not_authorized,   &C::misplaced,      &C::misplaced,      &C::ignore,         &C::ack},          // ack
    {&C::not_authorized,   &C::misplaced,      &C::misplaced,      &C::ignore,         &C::client_state}, // csi
    {&C::unsupported,      &C::unsupported,    &C::unsupported,    &C::unsupported,    &C::unsupported},  // unknown
}};
// clang-format on
static_assert(kTable.back().back() != nullptr, "a row for each kind");

Handler handler_for(Phase phase, const xml::Element& element) {
  const auto& row = kTable.at(std::to_underlying(kind_of(element)));
  switch (phase) {
    case Phase::login: return row[0];
    case Phase::sasl: return row[1];
    case Phase::sasl2: return row[2];
    case Phase::unbound: return row[3];
    case Phase::bound: return row[4];
    // No element can come before a header, and none should while the owner has not answered.
    case Phase::header:
    case Phase::waiting:
    case Phase::closed: break;
  }
  return &C::misplaced;
}

}  // namespace

ClientStream::ClientStream(NegotiationOwner& to, base::Ref<const StreamOffer> what, bool loopback_plaintext)
    : owner_(&to), offer_(std::move(what)) {
  login_->loopback_plaintext = loopback_plaintext;
}

void ClientStream::on_element(xml::Document element) {
  if (phase_ != Phase::closed) (this->*handler_for(phase_, element.root()))(element);
}

bool ClientStream::take_answer(Wait answer) {
  if (phase_ == Phase::closed) return false;
  base::check(phase_ == Phase::waiting && wait_ == answer, "the answer was asked for");
  wait_ = Wait::nothing;
  return true;
}

void ClientStream::await(Wait answer) {
  phase_ = Phase::waiting;
  wait_ = answer;
}

Circumstances ClientStream::circumstances() const {
  return {.tls = tls_,
          .binding = login_->binding,
          .loopback_plaintext_allowed = login_->loopback_plaintext,
          .scram = host_.scram,
          .plain = host_.plain};
}

// ---- headers ----

void ClientStream::on_header(const xml::Element& element, std::string_view default_ns) {
  if (phase_ == Phase::closed) return;
  if (phase_ != Phase::header) return fail({Condition::policy_violation, "No header was expected now."});
  ClientHeader read = read_client_header(element, default_ns);
  const auto known = read.host.empty() ? std::nullopt : owner_->find_host(read.host);
  if (!read.error && !known) read.error = {Condition::host_unknown, {}};
  if (!read.error) read.error = judge(read.from, read.host);
  std::string bytes = header(known ? known->domain : owner_->default_host(), read.from.str());
  if (read.error) {
    owner_->send(std::move(bytes));
    return fail(*read.error);
  }
  host_ = *known;
  lang_ = std::move(read.lang);
  login_->from = std::move(read.from);
  phase_ = authenticated_ ? Phase::unbound : Phase::login;
  bytes += authenticated_ ? session_features(*offer_, {}, owner_->session_features(host_.domain))
                          : login_features(*offer_, host_, circumstances());
  owner_->send(std::move(bytes));
}

/// A restart changes neither the host (SECURITY S05) nor, after login, the account (RFC 6120 4.7.1).
std::optional<xmpp::StreamError> ClientStream::judge(const xmpp::Jid& from, std::string_view named) const {
  if (!host_.domain.empty() && named != host_.domain) {
    return {{Condition::not_authorized, "The host may not change within a connection."}};
  }
  if (authenticated_ && from && from != login_->attempt.account) {
    return {{Condition::invalid_from, "'from' is not the account that logged in."}};
  }
  return std::nullopt;
}

std::string ClientStream::header(std::string_view from, std::string_view to) {
  header_sent_ = true;
  return header_xml({.content_ns = ns::client, .from = from, .to = to, .id = owner_->random().token(kIdBytes)});
}

void ClientStream::restart() {
  header_sent_ = false;
  phase_ = Phase::header;
  owner_->restart_reader();
}

// ---- TLS (RFC 6120 5) ----

void ClientStream::start_tls(xml::Document& element) {
  if (tls_ || !offer_->starttls) return refuse_tls(element);
  owner_->send("<proceed xmlns='" + std::string(ns::tls) + "'/>");
  restart();
  await(Wait::tls);
  owner_->start_tls();
}

// RFC 6120 5.4.2.2: the failure ends the stream; there is no stream error.
void ClientStream::refuse_tls(xml::Document&) {
  const xmpp::StreamError why{Condition::policy_violation, "STARTTLS was not offered."};
  end("<failure xmlns='" + std::string(ns::tls) + "'/>" + std::string(kFooter), &why);
}

void ClientStream::on_tls_established(ChannelBinding binding) {
  if (phase_ != Phase::header && !take_answer(Wait::tls)) return;
  base::check(!tls_ && !header_sent_, "TLS comes first");
  phase_ = Phase::header;
  tls_ = true;
  login_->binding = std::move(binding);
}

// ---- the end ----

void ClientStream::on_end() {
  if (phase_ != Phase::closed) owner_->peer_closed();
}

void ClientStream::fail(const xmpp::StreamError& error) {
  if (phase_ == Phase::closed) return;
  // Between <proceed/> and the handshake's end nothing may be sent in the clear.
  if (wait_ == Wait::tls) return end({}, &error);
  std::string bytes;
  if (!header_sent_) bytes = header(host_.domain.empty() ? owner_->default_host() : host_.domain, {});
  end(bytes.append(xmpp::to_xml(error)).append(kFooter), &error);
}

void ClientStream::close() {
  if (phase_ != Phase::closed) end(std::string(header_sent_ ? kFooter : std::string_view()), nullptr);
}

void ClientStream::end(std::string bytes, const xmpp::StreamError* error) {
  phase_ = Phase::closed;
  wait_ = Wait::nothing;
  login_.reset();
  if (!bytes.empty()) owner_->send(std::move(bytes));
  owner_->closed(error);
}

void ClientStream::not_authorized(xml::Document&) { fail({Condition::not_authorized, {}}); }

void ClientStream::misplaced(xml::Document&) {
  fail({Condition::policy_violation, "This element was not expected now."});
}

void ClientStream::unsupported(xml::Document&) { fail({Condition::unsupported_stanza_type, {}}); }

}  // namespace stream
