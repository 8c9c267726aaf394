#include "xmpp/data_form.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

#include "xmpp/ns.h"

namespace xmpp {
namespace {

using namespace std::string_view_literals;

constexpr std::size_t kMostFields = 256;
constexpr std::string_view kFormType = "FORM_TYPE";
constexpr std::string_view kValidate = "http://jabber.org/protocol/xdata-validate";  // XEP-0122

/// In the order of FormType.
constexpr std::array kFormTypes{"form"sv, "submit"sv, "cancel"sv, "result"sv};
static_assert(kFormTypes.size() == std::to_underlying(FormType::result) + 1U);
/// In the order of FieldType.
constexpr std::array kFieldTypes{"boolean"sv,    "fixed"sv,       "hidden"sv,     "jid-multi"sv,    "jid-single"sv,
                                 "list-multi"sv, "list-single"sv, "text-multi"sv, "text-private"sv, "text-single"sv};
static_assert(kFieldTypes.size() == std::to_underlying(FieldType::text_single) + 1U);

std::unexpected<StanzaError> refuse(std::string why) {
  return std::unexpected(StanzaError(Condition::bad_request, std::move(why)));
}

std::optional<FormType> parse_form_type(std::string_view name) {
  const auto found = std::ranges::find(kFormTypes, name);
  if (found == kFormTypes.end()) return std::nullopt;
  return static_cast<FormType>(found - kFormTypes.begin());
}

DataForm::Field read_field(const xml::Element& element) {
  DataForm::Field field{.var = std::string(element.attr("var")), .values = {}};
  for (const xml::Element& child : xml::children(element)) {
    if (child.is(ns::data_forms, "value")) field.values.push_back(child.text());
  }
  return field;
}

}  // namespace

base::Result<DataForm, StanzaError> DataForm::parse(const xml::Element& x) {
  DataForm form;
  const auto type = parse_form_type(x.attr("type"));
  if (!x.is(ns::data_forms, "x") || !type) return refuse("no data form");
  form.type_ = *type;
  for (const xml::Element& child : xml::children(x)) {
    if (!child.is(ns::data_forms, "field")) continue;
    // 3.2: only "fixed" may go without a name, and it carries no data.
    if (child.attr("type") == "fixed") continue;
    if (child.attr("var").empty()) return refuse("a field needs a var");
    if (form.has(child.attr("var"))) return refuse("a field stands twice");
    if (form.fields_.size() == kMostFields) return refuse("too many fields");
    form.fields_.push_back(read_field(child));
  }
  return form;
}

const DataForm::Field* DataForm::find(std::string_view var) const {
  const auto found = std::ranges::find(fields_, var, &Field::var);
  return found == fields_.end() ? nullptr : &*found;
}

std::string_view DataForm::form_type() const {
  const Field* field = find(kFormType);
  return field == nullptr || field->values.empty() ? std::string_view() : field->values.front();
}

base::Result<std::optional<std::string>, StanzaError> DataForm::value(std::string_view var) const {
  const Field* field = find(var);
  if (field == nullptr || field->values.empty()) return std::nullopt;
  if (field->values.size() > 1) return refuse(std::string(var) + " takes one value");
  return field->values.front();
}

base::Result<std::optional<bool>, StanzaError> DataForm::boolean(std::string_view var) const {
  const auto text = value(var);
  if (!text) return std::unexpected(text.error());
  if (!*text) return std::nullopt;
  if (**text == "true" || **text == "1") return true;
  if (**text == "false" || **text == "0") return false;
  return refuse(std::string(var) + " is true or false");
}

base::Result<std::optional<Jid>, StanzaError> DataForm::jid(std::string_view var) const {
  const auto text = value(var);
  if (!text) return std::unexpected(text.error());
  if (!*text) return std::nullopt;
  auto address = Jid::parse(**text);
  if (!address) return std::unexpected(StanzaError(Condition::jid_malformed, std::string(var) + " is no address"));
  return *std::move(address);
}

std::vector<std::string> DataForm::values(std::string_view var) const {
  const Field* field = find(var);
  return field == nullptr ? std::vector<std::string>() : field->values;
}

xml::Element& add_form(xml::Element& parent, FormType type, std::string_view form_type,
                       const std::vector<FormField>& fields) {
  xml::Element& x = parent.add("x", ns::data_forms);
  x.set_attr("type", kFormTypes.at(std::to_underlying(type)));
  if (!form_type.empty()) {
    x.add("field").set_attr("var", kFormType).set_attr("type", "hidden").add_text_child("value", form_type);
  }
  for (const FormField& field : fields) {
    xml::Element& element = x.add("field");
    if (!field.var.empty()) element.set_attr("var", field.var);
    // 3.2: text-single is the default, but there are clients that take a field of a form without a type for none.
    if (type == FormType::form || field.type != FieldType::text_single)
      element.set_attr("type", kFieldTypes.at(std::to_underlying(field.type)));
    if (!field.label.empty()) element.set_attr("label", field.label);
    if (field.required) element.add("required");
    if (field.range) {
      xml::Element& validate = element.add("validate", kValidate).set_attr("datatype", "xs:integer");
      validate.add("range")
          .set_attr("min", std::to_string(field.range->min))
          .set_attr("max", std::to_string(field.range->max));
    }
    for (const std::string& value : field.values) element.add_text_child("value", value);
    for (const FormField::Option& option : field.options) {
      xml::Element& child = element.add("option");
      if (!option.label.empty()) child.set_attr("label", option.label);
      child.add_text_child("value", option.value);
    }
  }
  return x;
}

}  // namespace xmpp
