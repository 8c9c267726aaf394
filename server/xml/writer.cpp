#include "xml/writer.h"

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace xml {
namespace {

constexpr std::string_view kTextSpecial = "&<>\r";
constexpr std::string_view kAttrSpecial = "&<>'\t\n\r";

/// The place of the first byte of `text`, from `begin` on, that is one of `special`; text.size() if there is none.
/// Branch-free over eight bytes at a time: nearly all text holds none.
std::size_t find_special(std::string_view text, std::size_t begin, std::string_view special) {
  constexpr std::uint64_t kOnes = 0x0101010101010101, kHigh = 0x8080808080808080;
  for (; begin + 8 <= text.size(); begin += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + begin, 8);
    std::uint64_t found = 0;
    for (const char c : special) {
      const std::uint64_t other = word ^ (kOnes * static_cast<unsigned char>(c));
      found |= (other - kOnes) & ~other;  // its high bits: the bytes of `other` that are zero, or follow one
    }
    if ((found & kHigh) != 0) break;
  }
  while (begin < text.size() && !special.contains(text[begin])) ++begin;
  return begin;
}

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

void escape(std::string_view text, std::string_view special, std::string& out) {
  std::size_t plain = 0;
  for (std::size_t i = find_special(text, 0, special); i < text.size(); i = find_special(text, plain, special)) {
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
