#include "transcript/client.h"

#include "base/base64.h"
#include "xml/writer.h"
#include "xmpp/ns.h"

namespace transcript {
namespace {

namespace ns = xmpp::ns;
constexpr xml::Limits kRoomy{.max_bytes = 4 << 20,
                             .max_depth = 100'000,
                             .max_attributes = 10'000,
                             .max_namespaces = 1000,
                             .max_elements = 1'000'000};

std::string local_of(std::string_view bare) { return std::string(bare.substr(0, bare.find('@'))); }
std::string domain_of(std::string_view bare) { return std::string(bare.substr(bare.find('@') + 1)); }

bool is_stanza(const xml::Element& element) { return element.ns() == ns::client; }
bool is_ack(const xml::Element& element) {
  return element.ns() == ns::sm && (element.name() == "a" || element.name() == "r");
}

}  // namespace

Client::Client(Stage& stage, const Role& role) : stage_(stage), role_(role) {}

void Client::connect() {
  wire_ = stage_.connect();
  reader_ = std::make_unique<xml::StreamReader>(pool_, kRoomy);
  arrived_.clear();
  jid_.clear();
  stream_ended_ = false;
}

void Client::open() {
  send(
      "<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'"
      " version='1.0' to='" +
      domain_of(role_.account) + "'>");
  await(ns::stream, "stream");
  await(ns::stream, "features");
}

void Client::log_in() {
  std::string plain;
  plain.append(1, '\0').append(local_of(role_.account)).append(1, '\0').append(kPassword);
  send("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>" + base::base64(plain) + "</auth>");
  await(ns::sasl, "success");
  open();
}

void Client::bind() {
  const std::string wanted = role_.resource.empty() ? "" : "<resource>" + role_.resource + "</resource>";
  send("<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>" + wanted + "</bind></iq>");
  const xml::Document result = await(ns::client, "iq");
  const auto* bound = result.root().child(ns::bind, "bind");
  if (bound == nullptr) throw Failure(role_.name + " could not bind: " + xml::to_string(result.root()));
  jid_ = bound->child_text(ns::bind, "jid");
}

void Client::go_available() {
  send("<presence/>");
  for (std::size_t i = 0;; ++i) {
    const auto* element = peek(i);
    if (element == nullptr) throw Failure(role_.name + " saw no reflection of its presence");
    if (!element->is(ns::client, "presence") || element->attr("from") != jid_) continue;
    take(i);
    return;
  }
}

void Client::close() {
  send("</stream:stream>");
  read_to_end();
  wire_.reset();
}

void Client::cut() {
  if (wire_ == nullptr) return;
  wire_->cut();
  wire_.reset();
}

void Client::read_to_end() {
  while (!wire_->ended() && read()) {
  }
  if (!stream_ended_) throw Failure(role_.name + " saw no end of the stream");
  if (!wire_->ended()) throw Failure(role_.name + "'s connection was not closed");
}

void Client::await_end() {
  read_to_end();
  for (const auto& element : arrived_) {
    if (!is_ack(element.root())) throw Failure(role_.name + " got before the end: " + waiting());
  }
  wire_.reset();
}

void Client::send(std::string_view bytes) {
  if (wire_ == nullptr) throw Failure(role_.name + " is not connected");
  if (bytes.find("<stream:stream") != std::string_view::npos) reader_->restart();
  wire_->send(bytes);
}

const xml::Element* Client::peek(std::size_t index) {
  while (arrived_.size() <= index) {
    if (!read()) return nullptr;
  }
  return &arrived_[index].root();
}

xml::Document Client::take(std::size_t index) {
  const auto at = arrived_.begin() + static_cast<std::ptrdiff_t>(index);
  xml::Document taken = std::move(*at);
  arrived_.erase(at);
  count(taken.root());
  return taken;
}

void Client::barrier() { barrier(std::string(domain_of(role_.account))); }

void Client::barrier(const std::string& to) {
  const std::string id = "barrier-" + std::to_string(++pings_);
  send("<iq type='get' id='" + id + "' to='" + to + "'><ping xmlns='urn:xmpp:ping'/></iq>");
  for (std::size_t i = 0;; ++i) {
    const auto* element = peek(i);
    if (element == nullptr) throw Failure(role_.name + " got no answer to a ping; waiting: " + waiting());
    if (!element->is(ns::client, "iq") || element->attr("id") != id) continue;
    take(i);
    return;
  }
}

std::string Client::waiting() const {
  std::string all;
  for (const auto& element : arrived_) all += "\n    " + xml::to_string(element.root(), ns::client);
  return all.empty() ? "nothing" : all;
}

xml::StreamSink::Next Client::on_header(const xml::Element& header, std::string_view) {
  arrived_.push_back(xml::Document::copy_of(header));
  return Next::go_on;
}

xml::StreamSink::Next Client::on_element(xml::Document element) {
  arrived_.push_back(std::move(element));
  return Next::go_on;
}

bool Client::read() {
  std::string bytes;
  if (wire_ == nullptr || !wire_->receive(bytes)) return false;
  if (reader_->feed(bytes, *this).fault != xml::Fault::none) {
    throw Failure(role_.name + " was sent what is no XML stream: " + bytes.substr(0, 500));
  }
  return true;
}

xml::Document Client::await(std::string_view expected_ns, std::string_view name) {
  const auto* element = peek(0);
  if (element == nullptr) throw Failure(role_.name + " waited in vain for <" + std::string(name) + ">");
  if (!element->is(expected_ns, name)) {
    throw Failure(role_.name + " waited for <" + std::string(name) + "> and got " + xml::to_string(*element));
  }
  return take(0);
}

void Client::count(const xml::Element& element) {
  if (element.is(ns::sm, "enabled")) handled_ = 0;
  if (is_stanza(element)) ++handled_;
}

}  // namespace transcript
