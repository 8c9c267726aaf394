#include "admin/domain_check.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "certs/expiry.h"
#include "certs/names.h"
#include "net/tls.h"
#include "net/transport.h"
#include "xml/stream_reader.h"
#include "xml/writer.h"
#include "xmpp/domain.h"
#include "xmpp/ns.h"

namespace admin {
namespace {

constexpr std::string_view kDialback = "jabber:server:dialback";             // XEP-0220
constexpr std::string_view kDialbackFeature = "urn:xmpp:features:dialback";  // XEP-0220 2.3
constexpr std::string_view kBidiFeature = "urn:xmpp:features:bidi";          // XEP-0288
constexpr std::size_t kMostShown = 10;                                       // of a list that a peer made
constexpr std::size_t kLongestShown = 100;                                   // of a text of a peer's

std::string joined(const std::vector<std::string>& all) {
  std::string text;
  for (const std::string& each : all) text += (text.empty() ? "" : ", ") + each;
  return text;
}

/// Nothing a terminal would obey.
std::string shown(std::string_view text) {
  std::string safe(text.substr(0, kLongestShown));
  std::ranges::replace_if(safe, [](char c) { return c < ' ' || c > '~'; }, '?');
  return safe;
}

std::string to_text(const net::Target& target) {
  return target.host + ":" + std::to_string(target.port) + (target.direct_tls ? " (TLS)" : " (STARTTLS)");
}

std::string header_to(const std::string& domain, const std::string& from) {
  std::string out = "<?xml version='1.0'?><stream:stream xmlns='";
  out.append(xmpp::ns::server).append("' xmlns:stream='").append(xmpp::ns::stream);
  out.append("' xmlns:db='").append(kDialback).append("' version='1.0' to='");
  xml::escape_attr(domain, out);
  out.append("' from='");
  xml::escape_attr(from, out);
  return out.append("'>");
}

/// What the peer says of its error, with the name of the condition as RFC 6120 4.9.3 has it.
std::string error_text(const xml::Element& error) {
  std::string condition = "undefined-condition";
  for (const xml::Element& child : xml::Children(error)) {
    if (child.ns() == xmpp::ns::stream_errors && child.name() != "text") condition = shown(child.name());
  }
  const std::string text = shown(error.child_text(xmpp::ns::stream_errors, "text"));
  return "the server ended the stream with " + condition + (text.empty() ? "" : " (" + text + ")");
}

bool offers_external(const xml::Element& features) {
  const xml::Element* mechanisms = features.child(xmpp::ns::sasl, "mechanisms");
  if (mechanisms == nullptr) return false;
  for (const xml::Element& each : xml::Children(*mechanisms)) {
    if (each.is(xmpp::ns::sasl, "mechanism") && each.text() == "EXTERNAL") return true;
  }
  return false;
}

CheckStep judge_features(const xml::Element& features) {
  std::vector<std::string> offered;
  if (offers_external(features)) offered.emplace_back("SASL EXTERNAL");
  if (features.child_in(kDialbackFeature) != nullptr) offered.emplace_back("dialback");
  const bool good = !offered.empty();
  if (features.child_in(kBidiFeature) != nullptr) offered.emplace_back("streams in both directions");
  if (features.child(xmpp::ns::sm, "sm") != nullptr) offered.emplace_back("stream management");
  if (!good) return {"features", false, "offers neither dialback nor SASL EXTERNAL: we cannot prove who we are"};
  return {"features", true, "offers " + joined(offered)};
}

CheckStep judge_certificate(const certs::Shown& certificate, const certs::PeerName& name, bool needed,
                            base::WallTime now) {
  const certs::Judgement made = certs::judge(certificate, name, now);
  const char* so = needed ? "; only who takes dialback for a proof can accept it"
                          : "; accepted, because here dialback is proof enough";
  if (certificate.certificate == nullptr) return {"certificate", !needed, made.reason + so};
  std::vector<std::string> names = certs::names_of(*certificate.certificate);
  if (names.size() > kMostShown) names.resize(kMostShown);
  for (std::string& each : names) each.resize(std::min(each.size(), kLongestShown));
  const std::string what =
      (made.self_signed ? "signed by itself" : "issued by " + certs::issuer(*certificate.certificate)) + " for " +
      (names.empty() ? "nobody" : joined(names)) + ", until " + certs::date_of(certs::expiry(*certificate.certificate));
  if (made.valid()) return {"certificate", true, what};
  return {"certificate", !needed, made.reason + " (" + what + ")" + so};
}

}  // namespace

class DomainCheck::Walk final : net::TransportHandler, xml::StreamSink {
 public:
  Walk(const CheckSeams& seams, const std::string& domain, CheckOptions options, Done done)
      : seams_(seams), options_(std::move(options)), done_(std::move(done)), reader_(parsers_, xml::Limits{}) {
    deadline_ = base::Timer(seams_.loop, options_.deadline, [this] { fail("no answer in time"); });
    begin(domain);
  }

 private:
  enum class Stage : std::uint8_t { dns, tcp, header, features, proceed, handshake, over };

  // ---- steps ----

  void pass(std::string text) { steps_.push_back({name_, true, std::move(text)}); }
  /// The step that is being gone, and the end.
  void fail(std::string text) {
    if (stage_ == Stage::over) return;
    steps_.push_back({name_, false, std::move(text)});
    finish();
  }
  void finish() {
    stage_ = Stage::over;
    services_[0].reset();
    services_[1].reset();
    call_.reset();
    if (transport_ == nullptr || closed_) return deliver();
    transport_->send("</stream:stream>");
    transport_->close();  // takes a bounded time
  }
  /// In a later step: the caller is to be able to drop us.
  void deliver() {
    deadline_ = base::Timer(seams_.loop, base::Duration::zero(), [this] {
      Done done = std::move(done_);
      done(std::move(steps_));
    });
  }

  // ---- DNS and connection ----

  void begin(const std::string& domain) {
    const auto prepared = xmpp::prepare_domain(domain);
    const auto ascii = prepared ? xmpp::to_ascii(*prepared) : std::nullopt;
    if (!ascii) return fail("'" + shown(domain) + "' is no domain");
    domain_ = *prepared;
    ascii_ = *ascii;
    if (options_.address) return forced();
    services_[0] =
        seams_.dns.srv("_xmpps-server._tcp." + ascii_, [this](auto found) { on_services(0, std::move(found)); });
    services_[1] =
        seams_.dns.srv("_xmpp-server._tcp." + ascii_, [this](auto found) { on_services(1, std::move(found)); });
  }

  void forced() {
    targets_ = {*options_.address};
    targets_.front().forced = true;
    pass("not asked: the configuration says " + to_text(targets_.front()));
    connect();
  }

  void on_services(std::size_t which, net::DnsResult<net::Srv> found) {
    found_[which] = std::move(found);
    if (!found_[0] || !found_[1]) return;
    auto chosen = net::choose_targets(ascii_, *found_[0], *found_[1], seams_.random);
    if (!chosen) return fail(chosen.error().what);
    targets_ = std::move(*chosen);
    pass(services_text());
    connect();
  }

  std::string services_text() const {
    const auto count = [](const std::optional<net::DnsResult<net::Srv>>& found) {
      return *found ? (*found)->records.size() : 0;
    };
    std::vector<std::string> all;
    all.reserve(targets_.size());
    for (const net::Target& target : targets_) all.push_back(to_text(target));
    const bool secure = std::ranges::all_of(targets_, &net::Target::secure);
    return (count(found_[0]) + count(found_[1]) == 0 ? "has no SRV records, so the domain itself is tried: " : "") +
           joined(all) + (secure ? ", proven by DNSSEC" : "");
  }

  void connect() {
    stage_ = Stage::tcp;
    name_ = "tcp";
    call_ = seams_.connector.connect(targets_, options_.connect,
                                     [this](std::expected<net::Connected, net::ConnectFailure> made) {
                                       const auto ended = std::move(call_);
                                       on_connected(std::move(made));
                                     });
  }

  void on_connected(std::expected<net::Connected, net::ConnectFailure> made) {
    if (!made) return fail(made.error().what);
    transport_ = std::move(made->transport);
    const net::Target& target = targets_.at(made->number);
    direct_ = target.direct_tls;
    pass("connected to " + to_text(target) + " at " + transport_->peer());
    if (direct_) {
      start_tls();
      transport_->start(*this);
    } else {
      transport_->start(*this);
      open_stream();
    }
  }

  // ---- TLS ----

  void start_tls() {
    stage_ = Stage::handshake;
    name_ = "tls";
    transport_->start_tls_client({options_.trust, ascii_, options_.own, direct_ ? "xmpp-server" : ""});
  }

  void on_tls() override {
    if (stage_ == Stage::over) return;
    const net::TlsEngine& tls = *transport_->tls();
    pass(tls.version() + ", " + tls.cipher() + (direct_ ? ", from the first byte" : ", by STARTTLS"));
    steps_.push_back(
        judge_certificate(tls.shown(), {domain_, ascii_}, options_.certificate_needed, seams_.loop.wall()));
    open_stream();
  }

  bool secure() const { return transport_->tls() != nullptr; }

  // ---- the stream ----

  void open_stream() {
    stage_ = Stage::header;
    // Of two streams the first is told; that TLS goes on is told by the features.
    name_ = secure() && !direct_ ? "features" : "stream";
    transport_->send(header_to(domain_, options_.from));
  }

  std::size_t on_bytes(std::span<const std::byte> bytes) override {
    if (stage_ == Stage::over) return bytes.size();
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    const auto fed = reader_.feed(text, *this);
    if (fed.fault == xml::Fault::none) return stage_ == Stage::over ? bytes.size() : fed.consumed;
    fail("what answers does not speak XMPP, or sends more than it may");
    return bytes.size();
  }

  Next on_header(const xml::Element& header, std::string_view default_ns) override {
    if (stage_ != Stage::header) return next();
    if (!header.is(xmpp::ns::stream, "stream") || default_ns != xmpp::ns::server) {
      fail("what answers is no XMPP server, or this port is not for servers");
    } else if (!header.attr("from").empty() && xmpp::prepare_domain(header.attr("from")) != domain_) {
      fail("the server answers as " + shown(header.attr("from")));
    } else {
      stage_ = Stage::features;  // or an error
    }
    return next();
  }

  Next on_element(xml::Document element) override {
    const xml::Element& root = element.root();
    if (stage_ == Stage::over) return next();
    if (root.is(xmpp::ns::stream, "error")) {
      fail(error_text(root));
    } else if (stage_ == Stage::features && root.is(xmpp::ns::stream, "features")) {
      take_features(root);
    } else if (stage_ == Stage::proceed) {
      take_proceed(root);
    } else {
      fail("the server sends <" + shown(root.name()) + "/> where that has no place");
    }
    return next();
  }

  void take_features(const xml::Element& features) {
    if (name_ == "stream") pass("an XMPP server answers for " + domain_);
    if (secure()) {
      steps_.push_back(judge_features(features));
      return finish();
    }
    name_ = "tls";
    if (features.child(xmpp::ns::tls, "starttls") == nullptr) return fail("the server offers no encryption");
    stage_ = Stage::proceed;
    transport_->send("<starttls xmlns='" + std::string(xmpp::ns::tls) + "'/>");
  }

  void take_proceed(const xml::Element& element) {
    if (!element.is(xmpp::ns::tls, "proceed")) return fail("the server offers encryption, and then refuses it");
    reader_.restart();
    start_tls();
  }

  void on_end() override { fail("the server ended the stream"); }
  /// What follows waits for the handshake; behind <proceed/> there may be nothing (SECURITY T01).
  Next next() const { return stage_ == Stage::over || stage_ == Stage::handshake ? Next::pause : Next::go_on; }

  void on_closed(const base::Error& why) override {
    closed_ = true;
    if (stage_ == Stage::over) return deliver();
    fail("the connection ended" + (why.what.empty() ? std::string() : ": " + shown(why.what)));
  }

  CheckSeams seams_;
  CheckOptions options_;
  Done done_;
  std::string domain_, ascii_;
  std::vector<CheckStep> steps_;
  Stage stage_ = Stage::dns;
  std::string name_ = "dns";  ///< of the step that is being gone
  std::unique_ptr<net::Dns::Call> services_[2];
  std::optional<net::DnsResult<net::Srv>> found_[2];
  std::vector<net::Target> targets_;
  std::unique_ptr<net::Connector::Call> call_;
  bool direct_ = false, closed_ = false;
  xml::ParserPool parsers_;
  xml::StreamReader reader_;
  base::Timer deadline_;
  std::unique_ptr<net::Transport> transport_;
};

DomainCheck::DomainCheck(const CheckSeams& seams, const std::string& domain, CheckOptions options, Done done)
    : walk_(std::make_unique<Walk>(seams, domain, std::move(options), std::move(done))) {}

DomainCheck::~DomainCheck() = default;

void DomainChecks::start(const CheckSeams& seams, const std::string& domain, CheckOptions options, admin::Done done) {
  if (checks_.size() >= kMost) return done(base::failure(std::to_string(kMost) + " checks are under way already"));
  const std::uint64_t number = ++last_;
  auto answer = [this, number, done = std::move(done)](const std::vector<CheckStep>& steps) mutable {
    admin::Done last = std::move(done);
    checks_.erase(number);  // and us
    nlohmann::json all = nlohmann::json::array();
    for (const CheckStep& each : steps) all.push_back({{"name", each.name}, {"good", each.good}, {"text", each.text}});
    const bool good = std::ranges::all_of(steps, &CheckStep::good);
    last(nlohmann::json{{"good", good}, {"steps", std::move(all)}});
  };
  checks_.emplace(number, std::make_unique<DomainCheck>(seams, domain, std::move(options), std::move(answer)));
}

}  // namespace admin
