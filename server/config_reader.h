// One element of the configuration file: reads its attributes and knows how to complain about them.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "xml/lined_document.h"
#include "xmpp/jid.h"

/// Thrown to leave nested readers; parse_config turns it into its Result.
struct ConfigMistake {
  std::string what;
};

class ConfigReader {
 public:
  static constexpr std::string_view kNamespace = "urn:exedra:config:1";

  ConfigReader(const xml::LinedDocument& document, std::string_view file, const xml::Element& element)
      : document_(document), file_(file), element_(element) {}

  /// "file:line: <element>", for what is found out later.
  std::string where() const;
  /// Throws a ConfigMistake: file, line, element and `what`, which ends with the remedy.
  [[noreturn]] void complain(const std::string& what) const;
  /// Refuses attributes and children that nobody reads: a typo must not pass silently.
  void only(const std::vector<std::string_view>& attributes, const std::vector<std::string_view>& children) const;

  std::string text(std::string_view name, std::string_view fallback = {}) const;
  std::string required(std::string_view name) const;
  xmpp::Jid domain(std::string_view name) const;   ///< required
  xmpp::Jid account(std::string_view name) const;  ///< required; local@domain
  bool flag(std::string_view name, bool fallback) const;
  /// What blanks part.
  std::vector<std::string> words(std::string_view name) const;

  template <class Number>
  Number number(std::string_view name, Number fallback, std::uint64_t least, std::uint64_t most) const {
    return static_cast<Number>(whole_number(name, static_cast<std::uint64_t>(fallback), least, most));
  }
  template <class Value>
  Value choice(std::string_view name, Value fallback,
               std::initializer_list<std::pair<std::string_view, Value>> values) const {
    const auto given = element_.find_attr(name);
    if (!given) return fallback;
    std::string known;
    for (const auto& [word, value] : values) {
      if (word == *given) return value;
      known += (known.empty() ? "" : ", ") + std::string(word);
    }
    complain("'" + std::string(name) + "' is '" + std::string(*given) + "'; choose one of: " + known);
  }

  const xml::Element& element() const { return element_; }
  ConfigReader at(const xml::Element& child) const { return {document_, file_, child}; }

 private:
  std::uint64_t whole_number(std::string_view name, std::uint64_t fallback, std::uint64_t least,
                             std::uint64_t most) const;

  const xml::LinedDocument& document_;
  std::string_view file_;
  const xml::Element& element_;
};
