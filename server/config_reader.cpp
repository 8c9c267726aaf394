#include "config_reader.h"

#include <algorithm>
#include <charconv>

namespace {

std::string list(const std::vector<std::string_view>& words) {
  std::string all;
  for (const std::string_view word : words) all += (all.empty() ? "" : ", ") + std::string(word);
  return all.empty() ? "nothing" : all;
}

}  // namespace

std::string ConfigReader::where() const {
  return std::string(file_) + ":" + std::to_string(document_.line(element_)) + ": <" + std::string(element_.name()) +
         ">";
}

void ConfigReader::complain(const std::string& what) const { throw ConfigMistake{where() + ": " + what}; }

void ConfigReader::only(const std::vector<std::string_view>& attributes,
                        const std::vector<std::string_view>& children) const {
  for (const xml::Attribute* a = element_.attributes(); a != nullptr; a = a->next)
    if (std::ranges::find(attributes, a->name) == attributes.end())
      complain("unknown attribute '" + std::string(a->name) + "'; known: " + list(attributes));
  for (const xml::Element& child : xml::children(element_))
    if (child.ns() != kNamespace || std::ranges::find(children, child.name()) == children.end())
      at(child).complain("unknown here; inside <" + std::string(element_.name()) + "> may stand: " + list(children));
}

std::string ConfigReader::text(std::string_view name, std::string_view fallback) const {
  return std::string(element_.find_attr(name).value_or(fallback));
}

std::string ConfigReader::required(std::string_view name) const {
  const auto value = element_.find_attr(name);
  if (!value || value->empty()) complain("the attribute '" + std::string(name) + "' is missing; add it");
  return std::string(*value);
}

xmpp::Jid ConfigReader::domain(std::string_view name) const {
  const std::string text = required(name);
  const auto jid = xmpp::Jid::parse(text);
  if (!jid) complain("'" + text + "' is no domain: " + jid.error().why);
  if (!jid->is_domain()) complain("'" + text + "' is no domain; write it without '@' and '/'");
  return *jid;
}

xmpp::Jid ConfigReader::account(std::string_view name) const {
  const std::string text = required(name);
  const auto jid = xmpp::Jid::parse(text);
  if (!jid) complain("'" + text + "' is no address: " + jid.error().why);
  if (jid->local().empty() || !jid->is_bare()) complain("'" + text + "' is no account; write it as name@domain");
  return *jid;
}

std::vector<std::string> ConfigReader::words(std::string_view name) const {
  std::vector<std::string> all;
  std::string word;
  for (const char c : text(name) + ' ') {
    if (c != ' ' && c != '\t' && c != '\n' && c != '\r') {
      word += c;
    } else if (!word.empty()) {
      all.push_back(std::exchange(word, {}));
    }
  }
  return all;
}

bool ConfigReader::flag(std::string_view name, bool fallback) const {
  return choice<bool>(name, fallback, {{"true", true}, {"false", false}});
}

std::uint64_t ConfigReader::whole_number(std::string_view name, std::uint64_t fallback, std::uint64_t least,
                                         std::uint64_t most) const {
  const auto value = element_.find_attr(name);
  if (!value) return fallback;
  std::uint64_t parsed = 0;
  const auto [end, error] = std::from_chars(value->data(), value->data() + value->size(), parsed);
  if (error != std::errc{} || end != value->data() + value->size() || parsed < least || parsed > most)
    complain("'" + std::string(name) + "' is '" + std::string(*value) + "'; give a whole number from " +
             std::to_string(least) + " to " + std::to_string(most));
  return parsed;
}
