#include "bench/load/client.h"

#include <charconv>
#include <utility>

namespace load {
namespace {

constexpr std::string_view kSasl = "urn:ietf:params:xml:ns:xmpp-sasl";

std::string element(std::string_view name, std::string_view ns, std::string_view text) {
  return "<" + std::string(name) + " xmlns='" + std::string(ns) + "'>" + std::string(text) + "</" + std::string(name) +
         ">";
}

}  // namespace

void Case::lost(Client& client, std::string_view why) { throw Failed(client.name() + ": " + std::string(why)); }

Client::Client(Loop& loop, const Way& way, Case& owner, std::size_t number, std::string name)
    : loop_(loop), way_(way), owner_(owner), number_(number), name_(std::move(name)), scram_(name_, way.password) {}

void Client::connect() {
  connection_ = Connection::open(loop_, way_.address, way_.port, way_.domain, way_.tls == Tls::direct, *this);
  encrypted_ = way_.tls == Tls::direct;
  step_ = Step::features;
}

void Client::connect_to_register() {
  registers_ = true;
  connect();
}

void Client::send_stanza(std::string_view bytes) {
  ++sent_;
  connection_->send(bytes);
}

void Client::manage(std::string_view element) {
  if (element.starts_with("<message") || element.starts_with("<presence") || element.starts_with("<iq")) {
    ++handled_;
  } else if (element.starts_with("<r ") || element.starts_with("<r/")) {
    acknowledge();
  } else if (element.starts_with("<a ")) {
    const std::string_view h = attribute(element, "h");
    std::from_chars(h.data(), h.data() + h.size(), acknowledged_);
  }
}

void Client::acknowledge() { send("<a xmlns='urn:xmpp:sm:3' h='" + std::to_string(handled_) + "'/>"); }

void Client::end() {
  if (step_ == Step::ended) return;
  send("</stream:stream>");
  step_ = Step::ending;
}

void Client::drop() {
  if (connection_) Connection::close(std::move(connection_));
  step_ = Step::ended;
}

void Client::header() {
  send(
      "<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='" +
      way_.domain + "' version='1.0'>");
}

void Client::connected() {
  if (step_ == Step::tls) {
    encrypted_ = true;
    step_ = Step::features;
  }
  header();
  if (way_.sasl2 && !registers_ && (encrypted_ || way_.tls == Tls::none)) {
    // The features of a server one has met before are known: nothing is waited for.
    authenticate();
  }
}

void Client::frame(Frame kind, std::string_view bytes) {
  if (step_ == Step::ended) return;
  if (kind == Frame::end) {
    if (step_ != Step::ending) fail("the server ended the stream");
    drop();
    return;
  }
  if (kind != Frame::element) return;
  if (bytes.starts_with("<stream:error")) return fail(std::string(bytes.substr(0, 200)));
  if (managed_) manage(bytes);
  if (step_ == Step::ready || step_ == Step::ending) return owner_.stanza(*this, bytes);
  step(bytes);
}

void Client::step(std::string_view element) {
  const bool features = element.starts_with("<stream:features");
  switch (step_) {
    case Step::features:
      if (!features) return;
      if (way_.tls == Tls::starttls && !encrypted_) {
        send("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
        step_ = Step::tls;
      } else if (registers_) {
        send("<iq type='set' id='reg'><query xmlns='jabber:iq:register'><username>" + name_ + "</username><password>" +
             way_.password + "</password></query></iq>");
        step_ = Step::registering;
      } else {
        authenticate();
      }
      return;
    case Step::tls:
      if (!element.starts_with("<proceed")) return fail(std::string(element));
      return connection_->start_tls();
    case Step::challenge:
      if (features) return;
      return answer_challenge(element);
    case Step::outcome:
      if (features) return;
      if (!element.starts_with("<success")) return fail(std::string(element));
      if (way_.sasl2) {
        jid_ = text_of(element, "authorization-identifier");
        managed_ = element.contains("<enabled");
        if (way_.presence) ++sent_;
        return next_after(Step::manage);
      }
      header();
      step_ = Step::features_again;
      return;
    case Step::features_again:
      if (!features) return;
      // RFC 3921 3: servers of that time want it, newer ones call it optional.
      wants_session_ = element.contains("xmpp-session") && !element.contains("<optional/>");
      send(
          "<iq type='set' id='bind'><bind "
          "xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>load</resource></bind></iq>");
      step_ = Step::bind;
      return;
    default: return after_bind(element);
  }
}

void Client::authenticate() {
  const std::string first =
      way_.plain ? std::string(1, '\0') + name_ + std::string(1, '\0') + way_.password : scram_.first();
  const std::string mechanism = way_.plain ? "PLAIN" : "SCRAM-SHA-256";
  if (way_.sasl2) {
    send("<authenticate xmlns='urn:xmpp:sasl:2' mechanism='" + mechanism + "'><initial-response>" + base64(first) +
         "</initial-response><bind xmlns='urn:xmpp:bind:0'><tag>load</tag>" +
         (way_.management ? "<enable xmlns='urn:xmpp:sm:3'/>" : "") + "</bind></authenticate>");
  } else {
    send("<auth xmlns='" + std::string(kSasl) + "' mechanism='" + mechanism + "'>" + base64(first) + "</auth>");
  }
  step_ = way_.plain ? Step::outcome : Step::challenge;
}

void Client::answer_challenge(std::string_view challenge) {
  if (!challenge.starts_with("<challenge")) return fail(std::string(challenge));
  const auto final = scram_.final(from_base64(text_of(challenge, "challenge")));
  if (!final) return fail("no SCRAM challenge: " + std::string(challenge));
  send(element("response", way_.sasl2 ? "urn:xmpp:sasl:2" : kSasl, base64(*final)));
  if (way_.sasl2 && way_.presence) send("<presence/>");  // behind the response: bound by the time it is read
  step_ = Step::outcome;
}

void Client::after_bind(std::string_view element) {
  switch (step_) {
    case Step::bind:
      if (!element.contains("id='bind'") && !element.contains("id=\"bind\"")) return;
      jid_ = text_of(element, "jid");
      if (jid_.empty()) return fail(std::string(element));
      return next_after(Step::bind);
    case Step::session:
    case Step::roster:
    case Step::disco:
      if (!element.starts_with("<iq")) return;
      return next_after(step_);
    case Step::manage:
      if (element.starts_with("<failed")) return fail(std::string(element));
      if (!element.starts_with("<enabled")) return;
      managed_ = true;
      return next_after(Step::manage);
    case Step::presence:
      if (element.starts_with("<message")) return owner_.stanza(*this, element);  // was waiting for this client
      if (element.starts_with(way_.echo ? "<presence" : "<iq")) next_after(Step::presence);
      return;
    case Step::registering:
      if (attribute(element, "type") != "result" && !element.contains("conflict")) return fail(std::string(element));
      return next_after(Step::presence);
    default: return;
  }
}

void Client::next_after(Step done) {
  switch (done) {
    case Step::bind:
      if (std::exchange(wants_session_, false)) {
        send("<iq type='set' id='session'><session xmlns='urn:ietf:params:xml:ns:xmpp-session'/></iq>");
        step_ = Step::session;
        return;
      }
      [[fallthrough]];
    case Step::session:
      if (way_.management) {
        send("<enable xmlns='urn:xmpp:sm:3'/>");
        step_ = Step::manage;
        return;
      }
      [[fallthrough]];
    case Step::manage:
      if (way_.roster && !way_.sasl2) {
        send_stanza("<iq type='get' id='roster'><query xmlns='jabber:iq:roster'/></iq>");
        step_ = Step::roster;
        return;
      }
      [[fallthrough]];
    case Step::disco:
      if (way_.presence) {
        if (!way_.sasl2) send_stanza("<presence/>");
        if (!way_.echo)
          send_stanza("<iq type='get' id='ping' to='" + way_.domain + "'><ping xmlns='urn:xmpp:ping'/></iq>");
        step_ = Step::presence;
        return;
      }
      break;
    case Step::roster:
      send_stanza("<iq type='get' id='disco' to='" + way_.domain +
                  "'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>");
      step_ = Step::disco;
      return;
    default: break;
  }
  step_ = Step::ready;
  owner_.ready(*this);
}

void Client::fail(std::string why) {
  failure_ = std::move(why);
  drop();
  owner_.lost(*this, failure_);
}

void Client::closed(std::string_view why) {
  const bool expected = step_ == Step::ending;
  if (connection_) Connection::close(std::move(connection_));
  step_ = Step::ended;
  if (expected) return;
  failure_ = why.empty() ? "the server closed the connection" : std::string(why);
  owner_.lost(*this, failure_);
}

}  // namespace load
