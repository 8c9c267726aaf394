#include "features/disco_info.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include "base/base64.h"
#include "base/check.h"
#include "xmpp/ns.h"

namespace features {
namespace {

namespace ns = xmpp::ns;

std::string sha1(std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  const int done = EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha1(), nullptr);
  base::check(done == 1, "SHA-1 works");
  return {digest.begin(), digest.begin() + size};
}

/// Sorts the parts by their octets and appends each with a '<' behind it.
void append_sorted(std::vector<std::string> parts, std::string& out) {
  std::ranges::sort(parts);
  for (const std::string& part : parts) out.append(part).append("<");
}

std::vector<std::string> values_of(const xml::Element& field) {
  std::vector<std::string> values;
  for (const xml::Element& child : xml::children(field)) {
    if (child.is(ns::data_forms, "value")) values.push_back(child.text());
  }
  return values;
}

/// A form's fields by var, each with what it adds to the text; FORM_TYPE apart.
struct Form {
  std::string form_type;
  std::map<std::string, std::string> fields;
};

Form read_form(const xml::Element& x) {
  Form form;
  for (const xml::Element& field : xml::children(x)) {
    if (!field.is(ns::data_forms, "field")) continue;
    if (field.attr("var") == "FORM_TYPE") {
      form.form_type = field.child_text(ns::data_forms, "value");
    } else {
      append_sorted(values_of(field), form.fields[std::string(field.attr("var"))]);
    }
  }
  return form;
}

void append_forms(std::vector<Form> forms, std::string& out) {
  std::ranges::sort(forms, {}, &Form::form_type);
  for (const Form& form : forms) {
    out.append(form.form_type).append("<");
    for (const auto& [var, values] : form.fields) out.append(var).append("<").append(values);
  }
}

}  // namespace

xml::Document server_info(const router::Registry& registry, const router::HostSettings& host) {
  xml::Document document(ns::disco_info, "query");
  xml::Element& query = document.root();
  query.add("identity").set_attr("category", "server").set_attr("type", "im").set_attr("name", "Exedra");
  for (const std::string_view var : registry.features(router::Target::server, host)) {
    query.add("feature").set_attr("var", var);
  }
  registry.add_disco_forms(host, query);
  return document;
}

std::string verification_string(const xml::Element& query) {
  std::vector<std::string> identities, features;
  std::vector<Form> forms;
  for (const xml::Element& child : xml::children(query)) {
    if (child.is(ns::disco_info, "identity")) {
      identities.push_back(std::string(child.attr("category")) + '/' + std::string(child.attr("type")) + '/' +
                           std::string(child.attr("lang", xml::kXmlNamespace)) + '/' + std::string(child.attr("name")));
    } else if (child.is(ns::disco_info, "feature")) {
      features.emplace_back(child.attr("var"));
    } else if (child.is(ns::data_forms, "x")) {
      forms.push_back(read_form(child));
    }
  }
  std::string text;
  append_sorted(std::move(identities), text);
  append_sorted(std::move(features), text);
  append_forms(std::move(forms), text);
  return base::base64(sha1(text));
}

std::string caps_node(const router::HostSettings& host) { return "xmpp:" + std::string(host.domain.str()); }

}  // namespace features
