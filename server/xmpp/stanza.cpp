#include "xmpp/stanza.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "base/check.h"
#include "xml/writer.h"
#include "xmpp/message.h"
#include "xmpp/ns.h"

namespace xmpp {
namespace {

using namespace std::string_view_literals;

constexpr std::array kKinds{"message"sv, "presence"sv, "iq"sv};
/// In the order of Type.
constexpr std::array kTypes{"normal"sv,      "chat"sv,      "groupchat"sv,  "headline"sv,    "available"sv,
                            "unavailable"sv, "subscribe"sv, "subscribed"sv, "unsubscribe"sv, "unsubscribed"sv,
                            "probe"sv,       "get"sv,       "set"sv,        "result"sv,      "error"sv};
static_assert(kTypes.size() == std::to_underlying(Type::error) + 1U);

std::optional<Kind> parse_kind(const xml::Element& root) {
  if (root.ns() != ns::client && root.ns() != ns::server) return std::nullopt;
  for (std::size_t i = 0; i < kKinds.size(); ++i) {
    if (kKinds[i] == root.name()) return static_cast<Kind>(i);
  }
  return std::nullopt;
}

std::optional<Type> type_between(std::string_view name, Type first, Type last) {
  if (name == to_string(Type::error)) return Type::error;
  for (auto i = std::to_underlying(first); i <= std::to_underlying(last); ++i) {
    if (kTypes.at(i) == name) return static_cast<Type>(i);
  }
  return std::nullopt;
}

std::optional<Type> parse_type(Kind kind, std::optional<std::string_view> name) {
  switch (kind) {
    case Kind::message: return type_between(name.value_or(""), Type::normal, Type::headline).value_or(Type::normal);
    case Kind::presence:  // "available" is the absence of the attribute, never its value (RFC 6121 4.7.1)
      return name ? type_between(*name, Type::unavailable, Type::probe) : Type::available;
    case Kind::iq: return name ? type_between(*name, Type::get, Type::result) : std::nullopt;
  }
  return std::nullopt;
}

std::size_t count_children(const xml::Element& root) {
  std::size_t count = 0;
  for (const xml::Node* node = root.nodes(); node != nullptr; node = node->next) count += node->element != nullptr;
  return count;
}

std::unexpected<StanzaError> refuse(std::string why) {
  return std::unexpected(StanzaError(Condition::bad_request, std::move(why)));
}

bool is_address(const xml::Attribute& attribute) {
  return attribute.ns.empty() && (attribute.name == "from" || attribute.name == "to");
}

bool is_stripped(const Overlay& overlay, const xml::Element* child) {
  return std::ranges::find(overlay.stripped, child) != overlay.stripped.end();
}

void write_attr(std::string_view name, std::string_view value, std::string& out) {
  out.append(" ").append(name).append("='");
  xml::escape_attr(value, out);
  out.push_back('\'');
}

void write_start(const xml::Element& root, const Jid& from, const Jid& to, std::string_view scope, std::string& out) {
  out.append("<").append(root.name());
  // A stanza takes the content namespace of the stream it is written to (RFC 6120 4.8.3).
  if (scope != ns::client && scope != ns::server) write_attr("xmlns", root.ns(), out);
  if (from) write_attr("from", from.str(), out);
  if (to) write_attr("to", to.str(), out);
}

void write_attributes(const xml::Element& root, std::string& out) {
  for (const xml::Attribute* a = root.attributes(); a != nullptr; a = a->next) {
    // Attributes of foreign namespaces mean nothing on a stanza, and their prefixes were not kept.
    if (is_address(*a) || (!a->ns.empty() && a->ns != xml::kXmlNamespace)) continue;
    write_attr(a->ns.empty() ? std::string(a->name) : "xml:" + std::string(a->name), a->value, out);
  }
}

void write_children(const xml::Element& root, const Overlay& overlay, std::string& out) {
  for (const xml::Node* node = root.nodes(); node != nullptr; node = node->next) {
    if (node->element == nullptr) {
      xml::escape_text(node->text, out);
    } else if (!is_stripped(overlay, node->element)) {
      xml::write(*node->element, root.ns(), out);
    }
  }
}

}  // namespace

std::string_view to_string(Kind kind) { return kKinds.at(std::to_underlying(kind)); }
std::string_view to_string(Type type) { return kTypes.at(std::to_underlying(type)); }

Stanza::Stanza(xml::Document document, Kind kind, Type type)
    : kind_(kind), type_(type), document_(std::move(document)) {
  if (kind == Kind::message) marks_ = marks_of(root());
}

base::Result<StanzaRef, StanzaError> Stanza::parse(xml::Document&& element) {
  const xml::Element& root = element.root();
  const auto kind = parse_kind(root);
  if (!kind) return refuse("not a stanza");
  const auto type = parse_type(*kind, root.find_attr("type"));
  if (!type) return refuse("unknown type");
  if (*kind == Kind::iq) {
    if (root.attr("id").empty()) return refuse("an iq needs an id");
    const std::size_t count = count_children(root);
    if ((*type == Type::get || *type == Type::set) && count != 1) return refuse("an iq request has one child");
    if (*type == Type::result && count > 1) return refuse("an iq result has at most one child");
  }
  return StanzaRef(new Stanza(std::move(element), *kind, *type));
}

std::size_t Stanza::memory() const {
  return document_.memory() + (text_ == nullptr ? 0 : text_->attributes.size() + text_->children.size());
}

StanzaRef Stanza::compact() const { return StanzaRef(new Stanza(document_.compact_copy(), kind_, type_)); }

// A copy, because this one may have been shared already.
StanzaRef Stanza::serialised() const {
  if (text_ != nullptr) return StanzaRef(this);
  auto text = std::make_unique<Text>();
  write_attributes(root(), text->attributes);
  write_children(root(), {}, text->children);
  auto* copy = new Stanza(document_.compact_copy(), kind_, type_);
  copy->text_ = std::move(text);
  return StanzaRef(copy);
}

xml::Document make_result(const Stanza& request) { return make_iq(Type::result, request.id()); }

StanzaRef make_error(const Stanza& request, const StanzaError& error) {
  xml::Document answer(ns::client, to_string(request.kind()));
  xml::Element& root = answer.root();
  root.set_attr("type", "error");
  if (const auto id = request.root().find_attr("id")) root.set_attr("id", *id);
  xml::Element& child = root.add("error");
  child.set_attr("type", to_string(error.type));
  child.add(to_string(error.condition), ns::stanza_errors);
  if (!error.text.empty()) {
    child.add("text", ns::stanza_errors).add_text(error.text).set_attr("lang", "en", xml::kXmlNamespace);
  }
  if (!error.app_name.empty()) child.add(error.app_name, error.app_ns);
  return share(std::move(answer));
}

xml::Document make_message(Type type, std::string_view id) {
  xml::Document document(ns::client, "message");
  if (type != Type::normal) document.root().set_attr("type", to_string(type));
  if (!id.empty()) document.root().set_attr("id", id);
  return document;
}

xml::Document make_presence(Type type) {
  xml::Document document(ns::client, "presence");
  if (type != Type::available) document.root().set_attr("type", to_string(type));
  return document;
}

xml::Document make_iq(Type type, std::string_view id) {
  xml::Document document(ns::client, "iq");
  document.root().set_attr("type", to_string(type)).set_attr("id", id);
  return document;
}

StanzaRef share(xml::Document document) {
  auto stanza = Stanza::parse(std::move(document));
  base::check(stanza.has_value(), "our own code builds valid stanzas");
  return *std::move(stanza);
}

bool may_answer_with_error(const Stanza& stanza) {
  return stanza.type() != Type::error && stanza.type() != Type::result && stanza.type() != Type::unavailable;
}

void write(const Stanza& stanza, const Jid& from, const Jid& to, const Overlay& overlay, std::string_view scope,
           std::string& out) {
  const xml::Element& root = stanza.root();
  const Stanza::Text* text = stanza.text();
  write_start(root, from, to, scope, out);
  if (text != nullptr) {
    out.append(text->attributes);
  } else {
    write_attributes(root, out);
  }
  const std::size_t start_end = out.size();
  out.push_back('>');
  if (text != nullptr && overlay.stripped.empty()) {
    out.append(text->children);
  } else {
    write_children(root, overlay, out);
  }
  for (const FragmentRef& fragment : overlay.added) xml::write(fragment->element.root(), root.ns(), out);
  if (out.size() == start_end + 1) {
    out.insert(start_end, "/");
    return;
  }
  out.append("</").append(root.name()).append(">");
}

xml::Document materialise(const Stanza& stanza, const Jid& from, const Jid& to, const Overlay& overlay) {
  const xml::Element& source = stanza.root();
  xml::Document copy(source.ns(), source.name());
  xml::Element& root = copy.root();
  if (from) root.set_attr("from", from.str());
  if (to) root.set_attr("to", to.str());
  for (const xml::Attribute* a = source.attributes(); a != nullptr; a = a->next) {
    if (!is_address(*a)) root.set_attr(a->name, a->value, a->ns);
  }
  for (const xml::Node* node = source.nodes(); node != nullptr; node = node->next) {
    if (node->element == nullptr) {
      root.add_text(node->text);
    } else if (!is_stripped(overlay, node->element)) {
      root.add_copy(*node->element);
    }
  }
  for (const FragmentRef& fragment : overlay.added) root.add_copy(fragment->element.root());
  return copy;
}

}  // namespace xmpp
