#include "xml/writer.h"

#include <array>
#include <cstddef>

namespace xml {
namespace {

using Table = std::array<bool, 256>;

constexpr Table special(std::string_view characters) {
  Table table{};
  for (const char c : characters) table[static_cast<unsigned char>(c)] = true;
  return table;
}
constexpr Table kTextSpecial = special("&<>\r");
constexpr Table kAttrSpecial = special("&<>'\t\n\r");

std::string_view reference(char c) {
  switch (c) {
    case '&': return "&amp;";
    case '<': return "&lt;";
    case '>': return "&gt;";
    case '\'': return "&apos;";
    case '\t': return "&#9;";
    case '\n': return "&#10;";
    default: return "&#13;";
  }
}

void escape(std::string_view text, const Table& table, std::string& out) {
  std::size_t plain = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!table[static_cast<unsigned char>(text[i])]) continue;
    out.append(text, plain, i - plain);
    out += reference(text[i]);
    plain = i + 1;
  }
  out.append(text, plain);
}

/// The prefix of a foreign attribute: "ns" and the place of the element's first attribute in that namespace.
/// `first` tells whether this is that attribute, which must bring the declaration.
std::string prefix_of(const Element& element, const Attribute& attribute, bool& first) {
  std::size_t place = 0;
  const Attribute* a = element.attributes();
  for (; a->ns != attribute.ns; a = a->next) ++place;
  first = a == &attribute;
  return "ns" + std::to_string(place);
}

void write_attribute(const Element& element, const Attribute& attribute, std::string& out) {
  out += ' ';
  if (attribute.ns == kXmlNamespace) {
    out += "xml:";
  } else if (!attribute.ns.empty()) {
    bool first = false;
    const std::string prefix = prefix_of(element, attribute, first);
    if (first) {
      out.append("xmlns:").append(prefix).append("='");
      escape_attr(attribute.ns, out);
      out += "' ";
    }
    out.append(prefix) += ':';
  }
  out.append(attribute.name).append("='");
  escape_attr(attribute.value, out);
  out += '\'';
}

void write_name(const Element& element, std::string& out) {
  // This one namespace may not be made the default.
  if (element.ns() == kXmlNamespace) out += "xml:";
  out += element.name();
}

/// The default namespace in force inside `element`, given the one outside `root`.
std::string_view scope_in(const Element* element, const Element& root, std::string_view scope) {
  while (element->ns() == kXmlNamespace) {
    if (element == &root) return scope;
    element = element->parent();
  }
  return element->ns();
}

void open(const Element& element, std::string_view scope, std::string& out) {
  out += '<';
  write_name(element, out);
  if (element.ns() != scope && element.ns() != kXmlNamespace) {
    out += " xmlns='";
    escape_attr(element.ns(), out);
    out += '\'';
  }
  for (const Attribute* a = element.attributes(); a != nullptr; a = a->next) write_attribute(element, *a, out);
  out += element.nodes() != nullptr ? ">" : "/>";
}

void close(const Element& element, std::string& out) {
  out += "</";
  write_name(element, out);
  out += '>';
}

}  // namespace

void escape_text(std::string_view text, std::string& out) { escape(text, kTextSpecial, out); }
void escape_attr(std::string_view value, std::string& out) { escape(value, kAttrSpecial, out); }

void write(const Element& element, std::string_view scope, std::string& out) {
  open(element, scope, out);
  if (element.nodes() == nullptr) return;
  const Element* in = &element;
  const Node* node = element.nodes();
  for (;;) {
    if (node == nullptr) {
      close(*in, out);
      if (in == &element) return;
      node = in->next_node();
      in = in->parent();
    } else if (node->element == nullptr) {
      escape_text(node->text, out);
      node = node->next;
    } else {
      const Element& child = *node->element;
      open(child, scope_in(in, element, scope), out);
      if (child.nodes() == nullptr) {
        node = node->next;
      } else {
        in = &child;
        node = child.nodes();
      }
    }
  }
}

std::string to_string(const Element& element, std::string_view scope) {
  std::string out;
  write(element, scope, out);
  return out;
}

}  // namespace xml
