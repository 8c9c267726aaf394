// The two ends of a stream between servers, for tests: a real reader feeds the machine, and its owner writes down what
// is asked of it. A test plays the other server with bytes, or joins two ends.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "s2s/incoming.h"
#include "s2s/outgoing.h"
#include "xml/stream_reader.h"
#include "xml/writer.h"

namespace s2s {

/// Counts up, so that ids differ and runs repeat.
class CountingRandom final : public base::Random {
 public:
  void fill(std::span<std::byte> bytes) override {
    for (std::byte& byte : bytes) byte = static_cast<std::byte>(next_++);
  }

 private:
  unsigned next_ = 0;
};

/// What is the same for all streams of one server.
struct Server {
  std::set<std::string, std::less<>> domains;
  DialbackKeys keys;
  StreamRules rules = {};
  std::set<std::string> blocked = {};
  CountingRandom random = {};

  explicit Server(std::set<std::string, std::less<>> ours)
      : domains(std::move(ours)), keys(base::Secret("secret of " + *domains.begin())) {}
};

inline std::string to_string(const DomainPair& pair) { return pair.local + "<>" + pair.remote; }
inline std::string to_string(const Verdict& verdict) {
  switch (verdict.type) {
    case DialbackType::request: return "request";
    case DialbackType::valid: return "valid";
    case DialbackType::invalid: return "invalid";
    case DialbackType::error: break;
  }
  return std::string(xmpp::to_string(verdict.condition));
}

template <class OwnerOfIt, class Machine>
class End : public OwnerOfIt {
 public:
  template <class Setup>
  End(Server& of, Setup setup) : server(of), stream(*this, std::move(setup)) {}
  virtual ~End() = default;

  /// Feeds bytes; those behind a pause are kept until pump(), or dropped by STARTTLS.
  void feed(std::string_view bytes) {
    pending += bytes;
    pump();
  }
  void pump() {
    while (!pending.empty() && stream.wants_input()) {
      const auto fed = reader_.feed(pending, stream);
      pending.erase(0, fed.consumed);
      if (fed.fault != xml::Fault::none) stream.on_fault(fed.fault);
      if (tls_asked && !pending.empty() && !stream.wants_input()) pending.clear();
    }
  }
  /// Since the last call.
  std::string sent() { return std::exchange(out, {}); }
  std::string news() { return std::exchange(news_, {}); }
  void tls() {
    tls_asked = false;
    stream.on_tls_established();
  }

  base::Random& random() override { return server.random; }
  const DialbackKeys& keys() override { return server.keys; }
  bool is_local(std::string_view domain) override { return server.domains.contains(domain); }
  std::string default_domain() override { return *server.domains.begin(); }
  std::optional<StreamRules> rules(const DomainPair& pair) override {
    if (server.blocked.contains(pair.remote) || is_local(pair.remote)) return std::nullopt;
    return server.rules;
  }
  bool certificate_names(std::string_view domain) override { return certificate.contains(domain); }
  void send(std::string bytes) override { out += bytes; }
  void restart_reader() override { reader_.restart(); }
  void start_tls() override { tls_asked = true; }
  void verify(const Question& question) override {
    note("verify " + to_string(question.pair));
    questions.push_back(question);
    if (on_verify) on_verify(question);
  }
  void authorised(const DomainPair& pair) override { note("authorised " + to_string(pair)); }
  void refused(const DomainPair& pair, const Verdict& verdict) override {
    note("refused " + to_string(pair) + " " + to_string(verdict));
  }
  void on_stanza(Arrival arrival) override {
    const std::string from = arrival.from ? std::string(arrival.from.str()) : "?";
    const std::string to = arrival.to ? std::string(arrival.to.str()) : "?";
    note("stanza " + from + " " + to);
    arrivals.push_back(xml::to_string(arrival.stanza.root()));
    stream.handled();
  }
  void on_ack(std::uint32_t h) override {
    note("ack " + std::to_string(h));
    acked = h;
  }
  void peer_closed() override {
    note("peer closed");
    stream.close();
  }
  void closed(const xmpp::StreamError* error, bool by_peer) override {
    note((by_peer ? "closed by peer " : "closed ") + std::string(error ? xmpp::to_string(error->condition) : "well"));
    ++times_closed;
  }

  Server& server;
  std::set<std::string, std::less<>> certificate;  ///< the domains that the peer's names
  std::string pending, out;
  std::vector<Question> questions;
  std::function<void(const Question&)> on_verify;
  std::vector<std::string> arrivals;
  std::uint32_t acked = 0;
  int times_closed = 0;
  bool tls_asked = false;

 protected:
  void note(std::string what) { news_ += what + "\n"; }

 private:
  std::string news_;
  xml::ParserPool pool_;
  xml::StreamReader reader_{pool_, xml::Limits{}};

 public:
  Machine stream;
};

/// Streams that can be resumed, by their id.
using Kept = std::map<std::string, std::pair<std::uint32_t, std::set<DomainPair>>>;

class IncomingEnd final : public End<IncomingOwner, Incoming> {
 public:
  explicit IncomingEnd(Server& of, Offer offer = {}) : End(of, offer) {}

  void enable_sm(const stream::SmRequest& request) override {
    note("enable");
    sm_id = kept == nullptr || !request.resume ? "" : "sm" + std::to_string(kept->size() + 1);
    if (!sm_id.empty()) (*kept)[sm_id];
    stream.on_sm_enabled({.id = sm_id, .max = 60});
    if (on_counted) on_counted(false, {});
  }
  void resume(const Resumption& request) override {
    note("resume " + request.previd + " " + std::to_string(request.h));
    if (kept == nullptr || !kept->contains(request.previd)) return stream.on_resume_failed({});
    sm_id = request.previd;
    const auto& [h, pairs] = kept->at(sm_id);
    stream.on_resumed(h, pairs);
    if (on_counted) on_counted(true, request.h);
  }
  void bidi_enabled() override { note("bidi"); }
  /// The connection is lost: what can be resumed is kept.
  void lose() {
    if (!sm_id.empty()) (*kept)[sm_id] = {stream.handled_count(), stream.receives()};
  }

  Kept* kept = nullptr;
  /// Stream management is on: resumed, and what the peer handled.
  std::function<void(bool, std::optional<std::uint32_t>)> on_counted;
  std::string sm_id;
};

class OutgoingEnd final : public End<OutgoingOwner, Outgoing> {
 public:
  OutgoingEnd(Server& of, Plan plan) : End(of, std::move(plan)) {}

  void established(const Established& how) override {
    note(std::string("established ") + (how.external ? "external" : "dialback") + (how.sm ? " sm" : "") +
         (how.resumed ? " resumed" : "") + (how.h ? " h=" + std::to_string(*how.h) : ""));
    reached = how;
    if (on_established) on_established();
  }
  void pair_accepted(const DomainPair& pair) override { note("accepted " + to_string(pair)); }
  void pair_refused(const DomainPair& pair, const Verdict& verdict) override {
    note("not accepted " + to_string(pair) + " " + to_string(verdict));
  }
  void answered(const Question& question, const Verdict& verdict) override {
    note("answered " + to_string(question.pair) + " " + to_string(verdict));
    if (on_answered) on_answered(question, verdict);
  }

  Established reached;
  std::function<void()> on_established;
  std::function<void(const Question&, const Verdict&)> on_answered;
};

// ---- the other server's bytes ----

inline constexpr std::string_view kStreamNs =
    "xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams' xmlns:db='jabber:server:dialback' ";
/// With attributes such as "to='example.org'".
inline std::string header_with(std::string_view attributes) {
  return "<stream:stream " + std::string(kStreamNs) + std::string(attributes) + " version='1.0'>";
}
inline std::string result_from(std::string_view from, std::string_view to, std::string_view key = "key") {
  return "<db:result from='" + std::string(from) + "' to='" + std::string(to) + "'>" + std::string(key) +
         "</db:result>";
}
inline std::string message_from(std::string_view from, std::string_view to) {
  return "<message from='" + std::string(from) + "' to='" + std::string(to) + "'><body>hi</body></message>";
}
/// The condition of the stream error in `sent`; empty without one.
inline std::string error_in(std::string_view sent) {
  constexpr std::string_view kTag = "<stream:error><";
  const std::size_t at = sent.find(kTag);
  if (at == sent.npos) return {};
  sent.remove_prefix(at + kTag.size());
  return std::string(sent.substr(0, sent.find_first_of(" />")));
}

}  // namespace s2s
