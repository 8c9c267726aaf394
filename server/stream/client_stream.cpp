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
  auth,
  response,
  abort,
  authenticate,
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
    {ns::sasl2, "authenticate", Kind::authenticate},
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

using Handler = void (ClientStream::*)(xml::Document&);
using Row = std::array<Handler, kKinds>;
using C = ClientStream;

// The columns are Kind's values in their order. A stanza before its time is not-authorized (SECURITY A01, C02); a
// known element at the wrong time is policy-violation; an element that nobody knows unsupported-stanza-type (S07).
constexpr Row kLogin{&C::start_tls,       &C::authenticate,     &C::stray_response, &C::stray_response,
                     &C::authenticate,    &C::stray_response,   &C::stray_response, &C::not_authorized,
                     &C::not_authorized,  &C::register_account, &C::not_authorized, &C::sm_out_of_order,
                     &C::sm_out_of_order, &C::not_authorized,   &C::not_authorized, &C::unsupported};
constexpr Row kSasl{&C::out_of_place,   &C::out_of_place,   &C::respond,        &C::abort,
                    &C::out_of_place,   &C::out_of_place,   &C::out_of_place,   &C::not_authorized,
                    &C::not_authorized, &C::not_authorized, &C::not_authorized, &C::out_of_place,
                    &C::out_of_place,   &C::out_of_place,   &C::out_of_place,   &C::unsupported};
constexpr Row kSasl2{&C::out_of_place,   &C::out_of_place,   &C::out_of_place,   &C::out_of_place,
                     &C::out_of_place,   &C::respond,        &C::abort,          &C::not_authorized,
                     &C::not_authorized, &C::not_authorized, &C::not_authorized, &C::out_of_place,
                     &C::out_of_place,   &C::out_of_place,   &C::out_of_place,   &C::unsupported};
constexpr Row kUnbound{&C::refuse_tls,     &C::out_of_place,   &C::out_of_place,   &C::out_of_place,
                       &C::out_of_place,   &C::out_of_place,   &C::out_of_place,   &C::bind,
                       &C::not_authorized, &C::not_authorized, &C::not_authorized, &C::sm_out_of_order,
                       &C::resume,         &C::ignore,         &C::ignore,         &C::unsupported};
constexpr Row kBound{&C::refuse_tls,      &C::out_of_place, &C::out_of_place, &C::out_of_place,
                     &C::out_of_place,    &C::out_of_place, &C::out_of_place, &C::bind_again,
                     &C::legacy_session,  &C::stanza,       &C::stanza,       &C::enable,
                     &C::sm_out_of_order, &C::ack,          &C::client_state, &C::unsupported};

/// Null where no element can come: before a header, and while the owner has not answered.
const Row* row(Phase phase) {
  switch (phase) {
    case Phase::login: return &kLogin;
    case Phase::sasl: return &kSasl;
    case Phase::sasl2: return &kSasl2;
    case Phase::unbound: return &kUnbound;
    case Phase::bound: return &kBound;
    case Phase::header:
    case Phase::waiting:
    case Phase::closed: break;
  }
  return nullptr;
}

}  // namespace

ClientStream::ClientStream(NegotiationOwner& to, base::Ref<const StreamOffer> what, bool loopback_plaintext)
    : owner_(&to), offer_(std::move(what)), loopback_plaintext_(loopback_plaintext) {}

void ClientStream::on_element(xml::Document element) {
  if (phase_ == Phase::closed) return;
  const Row* const handlers = row(phase_);
  if (handlers == nullptr) return out_of_place(element);
  const Handler handler = (*handlers)[std::to_underlying(kind_of(element.root()))];
  (this->*handler)(element);
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
          .loopback_plaintext_allowed = loopback_plaintext_,
          .scram = host_.scram,
          .plain = host_.plain};
}

// ---- headers ----

void ClientStream::on_header(const xml::Element& element, std::string_view default_ns) {
  if (phase_ == Phase::closed) return;
  base::check(phase_ == Phase::header, "a header comes first or after a restart");
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
  bytes += authenticated_ ? session_features(*offer_, {}) : login_features(*offer_, host_, circumstances());
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

void ClientStream::out_of_place(xml::Document&) {
  fail({Condition::policy_violation, "This element was not expected now."});
}

void ClientStream::unsupported(xml::Document&) { fail({Condition::unsupported_stanza_type, {}}); }

}  // namespace stream
