#include "muc/settings.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "xml/writer.h"
#include "xmpp/stored.h"

namespace muc {
namespace {

using xmpp::Condition;
using xmpp::FieldType;

constexpr std::string_view kFormType = "http://jabber.org/protocol/muc#roomconfig";
constexpr std::string_view kStored = "urn:exedra:room:1";  // never on the wire
constexpr std::size_t kMarkup = 16;                        // bytes around a value

Texts as_texts(const Value& value) {
  if (const bool* yes = std::get_if<bool>(&value)) return {*yes ? "1" : "0"};
  if (const std::string* text = std::get_if<std::string>(&value)) return {*text};
  return std::get<Texts>(value);
}

bool is_option(const FieldSpec& spec, const std::string& value) {
  const auto is_it = [&](const auto& one) { return one.value == value; };
  return spec.options.empty() || spec.others || std::ranges::any_of(spec.options, is_it);
}

/// A list shows its value whatever it is (XEP-0004 3.3).
std::vector<xmpp::FormField::Option> options_of(const FieldSpec& spec, const Value& value) {
  auto options = spec.options;
  if (!spec.others) return options;
  for (const std::string& text : as_texts(value)) {
    const auto is_it = [&](const auto& one) { return one.value == text; };
    if (std::ranges::none_of(options, is_it)) options.push_back({text, text});
  }
  return options;
}

/// As it is written without signs and zeros that say nothing.
std::optional<std::string> as_integer(const xmpp::FormField::Range& range, const std::string& text) {
  std::int64_t number = 0;
  const auto [stop, why] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (why != std::errc() || stop != text.data() + text.size()) return std::nullopt;
  if (number < range.min || number > range.max) return std::nullopt;
  return std::to_string(number);
}

/// Values of the kind the field has; nothing if these are not.
std::optional<Value> as_value(const FieldSpec& spec, const Texts& texts) {
  if (std::holds_alternative<bool>(spec.otherwise)) {
    if (texts.size() != 1) return std::nullopt;
    if (texts[0] == "1" || texts[0] == "true") return true;
    if (texts[0] == "0" || texts[0] == "false") return false;
    return std::nullopt;
  }
  if (!std::ranges::all_of(texts, [&](const std::string& text) { return is_option(spec, text); })) return std::nullopt;
  if (std::holds_alternative<Texts>(spec.otherwise)) return texts;
  if (texts.size() > 1) return std::nullopt;
  if (spec.range) return as_integer(*spec.range, texts.empty() ? std::string() : texts[0]);
  return texts.empty() ? std::string() : texts[0];
}

}  // namespace

std::size_t Fields::put(const FieldSpec& spec) {
  specs_.push_back(spec);
  return specs_.size() - 1;
}

std::vector<Value> Fields::defaults(const router::RoomService& service) const {
  std::vector<Value> values;
  values.reserve(specs_.size());
  for (const FieldSpec& spec : specs_) values.push_back(spec.of_service ? spec.of_service(service) : spec.otherwise);
  return values;
}

void Fields::add_form(xml::Element& query, const std::vector<Value>& values,
                      const std::vector<xmpp::FormField>& more) const {
  std::vector<xmpp::FormField> fields;
  for (std::size_t i = 0; i < specs_.size(); ++i) {
    const FieldSpec& spec = specs_[i];
    if (!spec.in_form) continue;
    fields.push_back({.var = std::string(spec.var),
                      .type = spec.type,
                      .values = as_texts(values[i]),
                      .label = std::string(spec.label),
                      .options = options_of(spec, values[i]),
                      .range = spec.range});
  }
  fields.insert(fields.end(), more.begin(), more.end());
  xmpp::add_form(query, xmpp::FormType::form, kFormType, fields);
}

base::Result<std::vector<Value>, xmpp::StanzaError> Fields::submitted(const xmpp::DataForm& form,
                                                                      std::vector<Value> values) const {
  if (!form.form_type().empty() && form.form_type() != kFormType)
    return std::unexpected(xmpp::StanzaError(Condition::bad_request, "this is another form"));
  for (std::size_t i = 0; i < specs_.size(); ++i) {
    const FieldSpec& spec = specs_[i];
    if (!spec.in_form || !form.has(spec.var)) continue;
    auto value = as_value(spec, form.values(spec.var));
    if (!value || (spec.accepts && !spec.accepts(*value)))
      return std::unexpected(xmpp::StanzaError(Condition::not_acceptable, std::string(spec.var) + " can't be that"));
    values[i] = *std::move(value);
  }
  return values;
}

std::size_t Fields::form_bytes(const std::vector<Value>& values) const {
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < specs_.size(); ++i) {
    if (!specs_[i].in_form) continue;
    for (const std::string& text : as_texts(values[i])) bytes += kMarkup + text.size();
  }
  return bytes;
}

std::string Fields::to_text(const std::vector<Value>& values) const {
  xml::Document document(kStored, "settings");
  for (std::size_t i = 0; i < specs_.size(); ++i) {
    xml::Element& field = document.root().add("field").set_attr("var", specs_[i].var);
    for (const std::string& text : as_texts(values[i])) field.add_text_child("value", text);
  }
  return xml::to_string(document.root());
}

std::vector<Value> Fields::from_text(std::string_view text, std::vector<Value> values) const {
  const auto document = xmpp::from_stored(text);
  if (!document) return values;
  for (const xml::Element& field : xml::children(document->root())) {
    const auto spec = std::ranges::find(specs_, field.attr("var"), &FieldSpec::var);
    if (spec == specs_.end()) continue;
    Texts texts;
    for (const xml::Element& value : xml::children(field)) texts.push_back(value.text());
    if (auto value = as_value(*spec, texts))
      values[static_cast<std::size_t>(spec - specs_.begin())] = *std::move(value);
  }
  return values;
}

}  // namespace muc
