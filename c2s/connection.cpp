#include "c2s/connection.h"

#include <utility>

#include "base/log.h"
#include "c2s/shard.h"
#include "net/peer_address.h"
#include "net/tls.h"

namespace c2s {
namespace {

// A client that does not take what it is sent is not read either.
constexpr std::size_t kQueuedMuch = 256 * 1024;

xml::Limits login_limits(const router::Limits& limits) {
  return {.max_bytes = limits.login_max_stanza_bytes, .max_depth = limits.login_max_depth};
}

xml::Limits session_limits(const router::Limits& limits) {
  const auto elements = static_cast<std::uint32_t>(limits.max_stanza_bytes / 16);
  return {.max_bytes = limits.max_stanza_bytes, .max_depth = limits.max_depth, .max_elements = elements};
}

}  // namespace

Connection::Connection(Shard& shard, std::uint64_t number, Ticket ticket, std::unique_ptr<net::Transport> transport,
                       const Entrance& entrance)
    : shard_(&shard),
      number_(number),
      ticket_(ticket),
      transport_(std::move(transport)),
      reader_(shard.parsers(), login_limits(shard.limits())),
      negotiation_(*this, shard.offer(), entrance.plaintext_login && net::read_peer(transport_->peer()).loopback),
      direct_tls_(entrance.direct_tls) {}

void Connection::start() {
  const router::Limits& limits = shard_->limits();
  login_ = std::make_unique<LoginTimes>();
  login_->by = shard_->loop().now() + limits.login;
  login_->deadline = base::Timer(shard_->loop(), limits.stream_header, [this] { out_of_time(); });
  transport_->start(*this);
  if (direct_tls_) start_tls();
}

// ---- bytes ----

std::size_t Connection::on_bytes(std::span<const std::byte> bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  std::size_t at = 0;
  while (at < text.size() && wants_reading()) {
    if (negotiation_.is_closed()) return text.size();
    const auto fed = reader_.feed(text.substr(at), *this);
    if (fed.fault != xml::Fault::none) {
      negotiation_.on_fault(fed.fault);
      return text.size();
    }
    at += fed.consumed;
    if (fed.consumed == 0) break;
  }
  update_reading();
  return at;
}

bool Connection::wants_reading() const {
  if (negotiation_.is_closed()) return true;  // what still comes is dropped
  if (!negotiation_.wants_input()) return false;
  return session_ == nullptr || (!session_->window_full() && transport_->queued_bytes() < kQueuedMuch);
}

void Connection::update_reading() {
  const bool wants = handshaking_ || wants_reading();
  if (broken_ || wants != paused_) return;
  paused_ = !wants;
  if (wants) {
    transport_->resume();
  } else {
    transport_->pause();
  }
}

xml::StreamSink::Next Connection::on_header(const xml::Element& header, std::string_view default_ns) {
  if (!std::exchange(header_seen_, true)) expect_login();
  const Next next = negotiation_.on_header(header, default_ns);
  return wants_reading() ? next : Next::pause;
}

xml::StreamSink::Next Connection::on_element(xml::Document element) {
  const Next next = negotiation_.on_element(std::move(element));
  return wants_reading() ? next : Next::pause;
}

void Connection::on_end() { negotiation_.on_end(); }

void Connection::write(std::string_view bytes) {
  if (!broken_) transport_->send(bytes);
}

void Connection::on_drained() {
  if (session_ != nullptr) session_->drained();
  update_reading();
}

// ---- TLS ----

void Connection::start_tls() {
  if (shard_->certificates()) {
    handshaking_ = true;  // whose bytes are the transport's
    transport_->start_tls(shard_->certificates(), direct_tls_ ? default_host() : std::string(negotiation_.host()));
  } else {
    cut("TLS without certificates");
  }
}

void Connection::on_tls() {
  handshaking_ = false;
  stream::ChannelBinding binding;
  if (const net::TlsEngine* tls = transport_->tls(); tls != nullptr) {
    binding.tls_exporter = tls->exporter();
    binding.tls_server_end_point = tls->end_point_hash();
  }
  negotiation_.on_tls_established(std::move(binding));
  update_reading();
}

// ---- time ----

void Connection::expect_login() {
  if (login_ == nullptr) return;
  login_->deadline = base::Timer(shard_->loop(), login_->by - shard_->loop().now(), [this] { out_of_time(); });
}

void Connection::out_of_time() { fail({xmpp::StreamCondition::connection_timeout, "The login took too long."}); }

// ---- the move ----

bool Connection::may_move() const { return !broken_ && !negotiation_.is_closed(); }

std::unique_ptr<net::Transport> Connection::leave() {
  login_->deadline = {};
  login_->delay = {};
  return std::move(transport_);
}

void Connection::arrive(Shard& shard, std::uint64_t number, std::unique_ptr<net::Transport> transport) {
  shard_ = &shard;
  number_ = number;
  transport_ = std::move(transport);
  reader_.move_to(shard.parsers());
  paused_ = false;
  expect_login();
  transport_->start(*this);
  if (shard.stopping()) return fail(shard.farewell());
  negotiation_.continue_after_move();
  update_reading();
}

// ---- the session ----

void Connection::established(const xmpp::Jid& jid, bool resumed) {
  login_.reset();
  reader_.set_limits(session_limits(shard_->limits()));
  base::log::info("session", {{"jid", jid.str()}, {"peer", peer()}, {"resumed", resumed ? 1 : 0}});
  session_->go_live();
  update_reading();
}

void Connection::on_stanza(xml::Document element) {
  // RFC 6120 8.1.5: the stream's language is its stanzas'.
  if (const auto lang = negotiation_.lang(); !lang.empty() && !element.root().find_attr("lang", xml::kXmlNamespace))
    element.root().set_attr("lang", lang, xml::kXmlNamespace);
  session_->submit(std::move(element));
}

void Connection::on_ack_request() { session_->answer_ack_request(); }

void Connection::on_ack(std::uint32_t h) {
  if (const auto taken = session_->acknowledge(h); !taken)
    fail({xmpp::StreamCondition::undefined_condition, "", taken.error().to_xml()});
}

void Connection::on_client_state(bool active) { session_->client_state(active); }

// ---- the end ----

void Connection::fail(const xmpp::StreamError& why) { negotiation_.fail(why); }

void Connection::cut(std::string_view why) {
  if (std::exchange(broken_, true)) return;
  transport_->abort(why);
}

void Connection::peer_closed() {
  if (session_ != nullptr) session_->answer_ack_request();
  negotiation_.close();
}

void Connection::closed(const xmpp::StreamError* error) {
  if (error != nullptr) {
    base::log::info("stream error sent", {{"peer", peer()}, {"condition", to_string(error->condition)}});
  }
  login_.reset();
  if (session_ != nullptr) std::exchange(session_, nullptr)->finish(error == nullptr);
  if (!broken_) transport_->close();
}

// At once, or whoever keeps the connection would never be counted (SECURITY A07).
void Connection::login_failed() {
  if (!std::exchange(attempting_, false)) return;  // no password was tried
  base::log::info("login_failed", {{"peer", peer()}});
  shard_->ask_delay(ticket_, true, [](base::Duration) {});
}

void Connection::on_closed(const base::Error& why) {
  base::log::debug("connection closed", {{"peer", peer()}, {"why", why.what}});
  login_failed();  // if it was left in the middle
  if (session_ != nullptr) std::exchange(session_, nullptr)->lost();
  shard_->drop(number_);
}

}  // namespace c2s
