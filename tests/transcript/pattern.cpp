#include "transcript/pattern.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "base/base64.h"
#include "transcript/script.h"
#include "xml/stream_reader.h"
#include "xml/writer.h"
#include "xmpp/timestamp.h"

namespace transcript {
namespace {

constexpr std::string_view kHeader =
    "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'"
    " xmlns:e='urn:ietf:params:xml:ns:xmpp-stanzas' xmlns:s='urn:ietf:params:xml:ns:xmpp-streams'"
    " xmlns:sm='urn:xmpp:sm:3' xmlns:sasl='urn:ietf:params:xml:ns:xmpp-sasl'>";
constexpr std::string_view kOpen = "...";
constexpr xml::Limits kRoomy{.max_bytes = 4 << 20,
                             .max_depth = 100'000,
                             .max_attributes = 10'000,
                             .max_namespaces = 1000,
                             .max_elements = 1'000'000};

// ---- text ----

std::string repeat(std::string_view argument) {
  std::size_t times = 0;
  const auto [end, error] = std::from_chars(argument.data(), argument.data() + argument.size(), times);
  if (error != std::errc{} || end == argument.data() + argument.size()) throw Failure("{repeat N text} expected");
  const std::string_view what = argument.substr(static_cast<std::size_t>(end - argument.data()) + 1);
  std::string out;
  for (std::size_t i = 0; i < times; ++i) out += what;
  return out;
}

/// Where the hole that begins at `open` ends; braces do not nest.
std::size_t hole_end(std::string_view text, std::size_t open) {
  const auto close = text.find('}', open);
  if (close == std::string_view::npos) throw Failure("'{' without '}' in '" + std::string(text) + "'");
  return close;
}

/// The text a hole stands for already, or nothing for one that is still open.
std::optional<std::string> value_of(std::string_view hole, const Bindings& bindings) {
  if (hole.starts_with("repeat ")) return repeat(hole.substr(7));
  if (hole.starts_with("base64 ")) return base::base64(unescape(hole.substr(7)));
  const auto bound = bindings.find(hole);
  if (bound != bindings.end()) return bound->second;
  return std::nullopt;
}

bool fits(std::string_view hole, std::string_view value) {
  return hole == "time" ? xmpp::parse_timestamp(value).has_value() : !value.empty();
}

bool match_from(std::string_view pattern, std::string_view value, Bindings& bindings);

/// The hole at the front of `pattern` takes as little as makes the rest match.
bool match_hole(std::string_view pattern, std::string_view value, Bindings& bindings) {
  const auto close = hole_end(pattern, 0);
  const std::string_view hole = pattern.substr(1, close - 1);
  const std::string_view rest = pattern.substr(close + 1);
  if (const auto known = value_of(hole, bindings)) {
    return value.starts_with(*known) && match_from(rest, value.substr(known->size()), bindings);
  }
  for (std::size_t length = 1; length <= value.size(); ++length) {
    if (!fits(hole, value.substr(0, length))) continue;
    Bindings attempt = bindings;
    if (hole != "any" && hole != "time") attempt.emplace(hole, value.substr(0, length));
    if (!match_from(rest, value.substr(length), attempt)) continue;
    bindings = std::move(attempt);
    return true;
  }
  return false;
}

bool match_from(std::string_view pattern, std::string_view value, Bindings& bindings) {
  const auto open = std::min(pattern.find('{'), pattern.size());
  if (value.substr(0, open) != pattern.substr(0, open)) return false;
  if (open == pattern.size()) return value.size() == open;
  return match_hole(pattern.substr(open), value.substr(open), bindings);
}

std::string_view trim(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

// ---- trees ----

std::string label(const xml::Element& element) {
  return "<" + std::string(element.name()) + " xmlns='" + std::string(element.ns()) + "'>";
}

std::string attribute_difference(const xml::Element& expected, const xml::Element& actual, Bindings& bindings) {
  for (const auto* want = expected.attributes(); want != nullptr; want = want->next) {
    std::string_view pattern = want->value;
    const bool optional = pattern.starts_with("{?}");
    if (optional) pattern.remove_prefix(3);
    const auto value = actual.find_attr(want->name, want->ns);
    if (!value && optional) continue;
    if (!value) return label(actual) + " has no attribute " + std::string(want->name);
    if (!match_text(pattern, *value, bindings)) {
      return label(actual) + " has " + std::string(want->name) + "='" + std::string(*value) + "', not '" +
             std::string(pattern) + "'";
    }
  }
  for (const auto* have = actual.attributes(); have != nullptr; have = have->next) {
    // A server may add the stream's language (RFC 6120 8.1.5).
    if (have->ns == xml::kXmlNamespace) continue;
    if (!expected.find_attr(have->name, have->ns)) {
      return label(actual) + " has the unexpected attribute " + std::string(have->name) + "='" +
             std::string(have->value) + "'";
    }
  }
  return {};
}

std::vector<const xml::Element*> children_of(const xml::Element& element) {
  std::vector<const xml::Element*> found;
  for (const xml::Element& child : xml::children(element)) found.push_back(&child);
  return found;
}

/// In whatever a room sends (XEP-0421, XEP-0463, XEP-0436): looked at where it is asked for.
constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kPassedOver{
    {{"urn:xmpp:occupant-id:0", "occupant-id"},
     {"urn:xmpp:muc:affiliations:1", "mav"},
     {"urn:xmpp:muc-presence-versioning:0", "version"}}};

/// Each expected child has a partner of its own, others may stand between.
std::string loose_difference(const xml::Element& expected, const xml::Element& actual, Bindings& bindings) {
  auto left = children_of(actual);
  for (const xml::Element& want : xml::children(expected)) {
    const auto partner = std::ranges::find_if(left, [&](const xml::Element* have) {
      return have->is(want.ns(), want.name()) && difference(want, *have, bindings).empty();
    });
    if (partner == left.end()) return label(actual) + " has no child like " + xml::to_string(want);
    left.erase(partner);
  }
  return {};
}

std::string strict_difference(const xml::Element& expected, const xml::Element& actual, Bindings& bindings) {
  const auto want = children_of(expected);
  auto have = children_of(actual);
  for (const auto& [ns, name] : kPassedOver) {
    const auto is_one = [&ns, &name](const xml::Element* element) { return element->is(ns, name); };
    if (std::ranges::none_of(want, is_one)) std::erase_if(have, is_one);
  }
  for (std::size_t i = 0; i < want.size() && i < have.size(); ++i) {
    if (auto differs = difference(*want[i], *have[i], bindings); !differs.empty()) return differs;
  }
  if (have.size() > want.size())
    return label(actual) + " has the unexpected child " + xml::to_string(*have[want.size()]);
  if (want.size() > have.size()) return label(actual) + " lacks the child " + xml::to_string(*want[have.size()]);
  return {};
}

std::string content_difference(const xml::Element& expected, const xml::Element& actual, Bindings& bindings) {
  const std::string pattern = expected.text();
  if (trim(pattern) == kOpen) return loose_difference(expected, actual, bindings);
  const std::string text = actual.text();
  const bool only_text = expected.first_child() == nullptr;
  if (!match_text(only_text ? std::string_view(pattern) : trim(pattern),
                  only_text ? std::string_view(text) : trim(text), bindings)) {
    return label(actual) + " holds '" + text + "', not '" + pattern + "'";
  }
  return strict_difference(expected, actual, bindings);
}

class OneElement final : public xml::StreamSink {
 public:
  Next on_header(const xml::Element& given, std::string_view) override {
    header = xml::Document::copy_of(given);
    return Next::go_on;
  }
  Next on_element(xml::Document given) override {
    ++count;
    element = std::move(given);
    return Next::go_on;
  }
  void on_end() override {}

  xml::Document header, element;
  int count = 0;
};

}  // namespace

std::string fill(std::string_view text, const Bindings& bindings) {
  std::string out;
  while (true) {
    const auto open = std::min(text.find('{'), text.size());
    out += text.substr(0, open);
    if (open == text.size()) return out;
    const auto close = hole_end(text, open);
    const std::string_view hole = text.substr(open + 1, close - open - 1);
    const auto value = value_of(hole, bindings);
    if (!value) throw Failure("nothing was captured as {" + std::string(hole) + "}");
    out += *value;
    text.remove_prefix(close + 1);
  }
}

bool match_text(std::string_view pattern, std::string_view value, Bindings& bindings) {
  Bindings attempt = bindings;
  if (!match_from(pattern, value, attempt)) return false;
  bindings = std::move(attempt);
  return true;
}

std::string difference(const xml::Element& expected, const xml::Element& actual, Bindings& bindings) {
  if (!actual.is(expected.ns(), expected.name())) return label(actual) + " is not " + label(expected);
  Bindings attempt = bindings;
  std::string differs = attribute_difference(expected, actual, attempt);
  if (differs.empty()) differs = content_difference(expected, actual, attempt);
  if (differs.empty()) bindings = std::move(attempt);
  return differs;
}

xml::Document parse_pattern(std::string_view text) {
  xml::ParserPool pool;
  xml::StreamReader reader(pool, kRoomy);
  OneElement sink;
  const bool is_header = text.starts_with("<stream:stream");
  const bool fed = (is_header || reader.feed(kHeader, sink).fault == xml::Fault::none) &&
                   reader.feed(text, sink).fault == xml::Fault::none;
  if (!fed || !reader.at_boundary() || sink.count != (is_header ? 0 : 1)) {
    throw Failure("this is not one element: " + std::string(text));
  }
  return std::move(is_header ? sink.header : sink.element);
}

std::string unescape(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      out += text[i];
      continue;
    }
    const char code = text[++i];
    if (code == 'x' && i + 2 < text.size()) {
      unsigned byte = 0;
      std::from_chars(text.data() + i + 1, text.data() + i + 3, byte, 16);
      out += static_cast<char>(byte);
      i += 2;
    } else {
      constexpr std::string_view kCodes = "rnt0\\", kBytes{"\r\n\t\0\\", 5};
      const auto at = kCodes.find(code);
      if (at == std::string_view::npos) throw Failure(std::string("no such escape: \\") + code);
      out += kBytes[at];
    }
  }
  return out;
}

}  // namespace transcript
