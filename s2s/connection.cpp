#include "s2s/connection.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "certs/judge.h"
#include "certs/pair.h"
#include "net/tls.h"
#include "router/packet.h"
#include "s2s/service.h"
#include "xmpp/domain.h"
#include "xmpp/ns.h"

namespace s2s {
namespace {

// Of what comes before a domain is proved.
constexpr xml::Limits kStrangerLimits{.max_bytes = 16 * 1024};
// A peer that does not take what it is sent is not read either.
constexpr std::size_t kQueuedMuch = 256 * 1024;
constexpr std::chrono::seconds kSecond{1};

xml::Limits limits_for(const PairRules& rules) {
  return {.max_bytes = rules.max_stanza_bytes,
          .max_elements = static_cast<std::uint32_t>(std::max<std::size_t>(1024, rules.max_stanza_bytes / 16))};
}

/// What a stanza that can't be read claims to be, as far as it can be answered.
base::Result<xmpp::StanzaRef, xmpp::StanzaError> likeness(const xml::Element& claim) {
  const bool iq = claim.name() == xmpp::to_string(xmpp::Kind::iq);
  xml::Document like(xmpp::ns::client, claim.name());
  if (iq) like.root().set_attr("type", "get").add("query");
  const std::string_view id = claim.attr("id");
  if (iq || !id.empty()) like.root().set_attr("id", id.empty() ? "none" : id);
  return xmpp::Stanza::parse(std::move(like));
}

bool is_answer(const xml::Element& claim) { return claim.attr("type") == "error" || claim.attr("type") == "result"; }

}  // namespace

ArrivalTicket::~ArrivalTicket() {
  loop_.post([&home = home_, connection = connection_, slot = slot_, rows = heir()]() mutable {
    home.settle(connection, slot, std::move(rows));
  });
}

Connection::Connection(Service& service, bool dialled)
    : service_(service),
      dialled_(dialled),
      began_(service.loop().now()),
      number_(service.enter(*this)),
      reader_(service.parsers(), kStrangerLimits) {}

Connection::~Connection() { service_.leave(number_); }

base::Loop& Connection::loop() const { return service_.loop(); }

void Connection::carry(std::unique_ptr<net::Transport> transport) {
  transport_ = std::move(transport);
  touch();
  watch_idle();
  transport_->start(*this);
}

void Connection::let_go() {
  in_time();
  idle_.cancel();
  pace_.cancel();
  transport_.reset();
}

StreamState Connection::state() {
  const ServerStream& stream = this->stream();
  StreamState state{.dialled = dialled_,
                    .pair = stream.pair(),
                    .proved = proved(),
                    .peer = transport_ ? transport_->peer() : std::string(),
                    .external = stream.external(),
                    .bidi = stream.bidi(),
                    .acknowledges = stream.sm_enabled(),
                    .resumable = !transport_ && stream.sm_enabled(),
                    .age = std::chrono::duration_cast<std::chrono::seconds>(loop().now() - began_)};
  const net::TlsEngine* tls = transport_ ? transport_->tls() : nullptr;
  if (tls == nullptr || !stream.is_secure()) return state;
  state.tls = tls->version();
  state.cipher = tls->cipher();
  if (const X509* certificate = tls->shown().certificate) {
    state.issuer = certs::issuer(*certificate);
    state.expires = certs::expiry(*certificate);
  }
  return state;
}

// ---- bytes ----

std::size_t Connection::on_bytes(std::span<const std::byte> bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  std::size_t at = 0;
  while (at < text.size() && wants_reading()) {
    if (stream().is_closed()) return text.size();
    const auto fed = reader_.feed(text.substr(at), *this);
    if (fed.fault != xml::Fault::none) {
      stream().on_fault(fed.fault);
      return text.size();
    }
    at += fed.consumed;
    if (fed.consumed == 0) break;
  }
  count(at, 0);
  update_reading();
  return at;
}

xml::StreamSink::Next Connection::on_header(const xml::Element& header, std::string_view default_ns) {
  const Next next = stream().on_header(header, default_ns);
  return wants_reading() ? next : Next::pause;
}

xml::StreamSink::Next Connection::on_element(xml::Document element) {
  const Next next = stream().on_element(std::move(element));
  return wants_reading() ? next : Next::pause;
}

bool Connection::wants_reading() {
  if (stream().is_closed()) return true;  // what still comes is dropped
  return stream().wants_input() && !arrivals_.full() && !pace_.armed() && transport_->queued_bytes() < kQueuedMuch;
}

void Connection::update_reading() {
  if (!transport_) return;
  const bool wants = handshaking_ || wants_reading();
  if (wants != paused_) return;
  paused_ = !wants;
  if (wants) {
    transport_->resume();
  } else {
    transport_->pause();
  }
}

/// Beyond the rate nothing is read until the second is over.
void Connection::count(std::size_t bytes, std::size_t stanzas) {
  const base::MonoTime now = loop().now();
  if (now - second_ >= kSecond) {
    second_ = now;
    bytes_ = stanzas_ = 0;
  }
  bytes_ += bytes;
  stanzas_ += stanzas;
  const bool much = (most_bytes_ > 0 && bytes_ >= most_bytes_) || (most_stanzas_ > 0 && stanzas_ >= most_stanzas_);
  if (!much || pace_.armed()) return;
  pace_ = base::Timer(loop(), second_ + kSecond - now, [this] {
    pace_.cancel();
    update_reading();
  });
}

void Connection::write(std::string_view bytes) {
  if (transport_) transport_->send(bytes);
}

// ---- TLS ----

void Connection::begin_tls(bool direct) {
  const DomainPair& pair = stream().pair();
  const auto& certificates = service_.certificates();
  handshaking_ = true;  // whose bytes are the transport's
  if (dialled_) {
    net::TlsCall call{.trust = service_.services().trust, .host = xmpp::to_ascii(pair.remote).value_or("")};
    if (certificates) call.own = certificates->choose(pair.local);
    if (direct) call.alpn = "xmpp-server";
    transport_->start_tls_client(std::move(call));
  } else if (certificates) {
    transport_->start_tls(certificates, pair.local.empty() ? service_.default_domain() : pair.local);
  } else {
    transport_->abort("TLS without certificates");
  }
}

void Connection::on_tls() {
  handshaking_ = false;
  secured();
  update_reading();
}

bool Connection::names(std::string_view domain) const {
  const net::TlsEngine* tls = transport_ ? transport_->tls() : nullptr;
  if (tls == nullptr) return false;
  const auto ascii = xmpp::to_ascii(domain);
  if (!ascii) return false;
  const certs::DaneJudgement by_dns = judge_by_dns(domain, *ascii);
  if (by_dns.verdict != certs::DaneVerdict::silent) return by_dns.verdict == certs::DaneVerdict::proven;
  const certs::Judgement judged = certs::judge(tls->shown(), {.domain = domain, .ascii = *ascii}, loop().wall());
  if (!judged.valid())
    base::log::debug("peer_certificate",
                     {{"peer", transport_->peer()}, {"domain", domain}, {"problem", judged.reason}});
  return judged.valid();
}

/// Silent of all but the domain that was dialled.
certs::DaneJudgement Connection::judge_by_dns(std::string_view domain, std::string_view ascii) const {
  const net::TlsEngine* tls = transport_ ? transport_->tls() : nullptr;
  if (tls == nullptr || proof_.records.empty() || domain != const_cast<Connection*>(this)->stream().pair().remote)
    return {};
  return judge(proof_, *tls, {.domain = domain, .ascii = ascii}, loop().wall());
}

/// Of the peer's certificate; empty: it showed none.
std::string Connection::key() const {
  const net::TlsEngine* tls = transport_ ? transport_->tls() : nullptr;
  const X509* certificate = tls != nullptr ? tls->shown().certificate : nullptr;
  return certificate != nullptr ? certs::key_fingerprint(*certificate) : std::string();
}

// A certificate that is believed needs no pin, and may change.
bool Connection::is_pinned(const DomainPair& pair) const {
  return service_.policy().rules(pair.local, pair.remote).certificate == Certificate::pinned && !names(pair.remote);
}

bool Connection::pin_allows(std::string_view domain) const {
  const auto by_dns = judge_by_dns(domain, xmpp::to_ascii(domain).value_or(""));
  if (by_dns.verdict == certs::DaneVerdict::refuted) {
    base::log::warning("peer_refuted_by_dns",
                       {{"remote", domain}, {"peer", transport_->peer()}, {"why", by_dns.reason}});
    return false;
  }
  const DomainPair& pair = const_cast<Connection*>(this)->stream().pair();
  if (!is_pinned({pair.local, std::string(domain)}) || service_.pins().fits(domain, key())) return true;
  base::log::warning("peer_key_changed", {{"remote", domain},
                                          {"peer", transport_ ? transport_->peer() : ""},
                                          {"remedy", "if that is right: exedractl s2s unpin " + std::string(domain)}});
  return false;
}

void Connection::pin(const DomainPair& pair) {
  if (is_pinned(pair)) service_.pin(pair.remote, key());
}

// ---- time ----

void Connection::expect(base::Duration time) {
  deadline_ = base::Timer(loop(), time, [this] {
    end({xmpp::StreamCondition::connection_timeout, "It took too long until a domain was proved."});
  });
}

void Connection::in_time() { deadline_.cancel(); }

void Connection::touch() { last_stanza_ = loop().now(); }

void Connection::watch_idle() {
  const base::Duration left = service_.policy().limits().idle - (loop().now() - last_stanza_);
  if (left <= base::Duration::zero()) return stream().close();
  idle_ = base::Timer(loop(), left, [this] { watch_idle(); });
}

// ---- pairs ----

std::optional<StreamRules> Connection::rules_for(const DomainPair& pair) const {
  if (service_.services().router.is_local(pair.remote)) return std::nullopt;
  const Policy& policy = service_.policy();
  if (!pair.remote.empty() && !policy.allows(pair.local, pair.remote)) return std::nullopt;
  const PairRules rules = policy.rules(pair.local, pair.remote);
  if (rules.direction == Direction::none) return std::nullopt;
  return StreamRules{.encryption_required = rules.encryption,
                     .dialback = rules.certificate != Certificate::valid,
                     .receives = rules.may_come(),
                     .bidi = rules.bidi && rules.may_open() && rules.may_come()};
}

void Connection::authorise(const DomainPair& pair) {
  const PairRules rules = service_.policy().rules(pair.local, pair.remote);
  reader_.set_limits(limits_for(rules));
  most_bytes_ = rules.bytes_per_second;
  most_stanzas_ = rules.stanzas_per_second;
  pin(pair);
  base::log::info("federation_in", {{"local", pair.local},
                                    {"remote", pair.remote},
                                    {"peer", transport_ ? transport_->peer() : ""},
                                    {"tls", stream().is_secure() ? 1 : 0},
                                    {"certificate", names(pair.remote) ? 1 : 0}});
}

// ---- stanzas ----

void Connection::submit(Arrival arrival) {
  touch();
  count(0, 1);
  const std::uint64_t slot = arrivals_.add(arrival.stanza.memory());
  const base::Ref<base::Held> ticket =
      base::make_ref<ArrivalTicket>(service_, loop(), number_, slot, stream().sm_enabled());
  if (arrival.from.empty()) return;
  if (arrival.to.empty()) return refuse(arrival, xmpp::Condition::jid_malformed, ticket);
  auto stanza = xmpp::Stanza::parse(std::move(arrival.stanza));
  // What is refused was not moved.
  if (!stanza) return refuse(arrival, stanza.error(), ticket);  // NOLINT(bugprone-use-after-move)
  service_.services().router.post(base::make_ref<const router::Packet>(*std::move(stanza), arrival.from, arrival.to,
                                                                       router::Origin::remote, ticket));
}

void Connection::refuse(const Arrival& arrival, const xmpp::StanzaError& error, const base::Ref<base::Held>& ticket) {
  const xml::Element& claim = arrival.stanza.root();
  const auto like = likeness(claim);
  if (is_answer(claim) || !like) return;
  const auto self = arrival.to.empty() ? xmpp::Jid::from_prepared(arrival.pair.local) : arrival.to;
  service_.services().router.bounce(router::Packet(*like, arrival.from, self, router::Origin::remote, ticket), error);
}

void Connection::handled(std::uint64_t slot) {
  const std::size_t count = arrivals_.handled(slot);
  for (std::size_t i = 0; i < count; ++i) stream().handled();
  if (count > 0) acknowledge_later();
  if (arrivals_.empty())
    for (base::Fn<void()>& job : std::exchange(handled_, {})) loop().post(std::move(job));
  update_reading();
}

void Connection::when_handled(base::Fn<void()> job) {
  if (arrivals_.empty()) return job();
  handled_.push_back(std::move(job));
}

/// Unasked, so that the peer lets go of what it keeps (XEP-0198 4).
void Connection::acknowledge_later() {
  if (!stream().sm_enabled() || std::exchange(telling_, true)) return;
  loop().at_turn_end([&service = service_, number = number_] {
    Connection* self = service.connection(number);
    if (self == nullptr) return;
    self->telling_ = false;
    self->stream().acknowledge();
  });
}

// ---- the end ----

void Connection::finish(const xmpp::StreamError* error, bool by_peer) {
  in_time();
  idle_.cancel();
  pace_.cancel();
  if (error != nullptr) {
    error_ = *error;
    base::log::info("federation_stream_error", {{"local", stream().pair().local},
                                                {"remote", stream().pair().remote},
                                                {"by", by_peer ? "peer" : "us"},
                                                {"condition", xmpp::to_string(error->condition)},
                                                {"text", error->text}});
  }
  update_reading();  // for the peer's end
  if (transport_) transport_->close();
}

}  // namespace s2s
