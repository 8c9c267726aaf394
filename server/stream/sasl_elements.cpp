#include "stream/sasl_elements.h"

#include "base/base64.h"
#include "xml/writer.h"
#include "xmpp/ns.h"

namespace stream {
namespace {

namespace ns = xmpp::ns;

std::string_view ns_of(Profile profile) { return profile == Profile::sasl ? ns::sasl : ns::sasl2; }

/// XEP-0388 2.2: an empty element is the empty message, so "=" has no meaning there.
base::Result<std::string, Failure> decode(Profile profile, std::string_view text) {
  if (profile == Profile::sasl2 && text == "=") {
    return std::unexpected(Failure{SaslCondition::incorrect_encoding, "This is no base64."});
  }
  return decode_message(text);
}

xml::Document element(Profile profile, std::string_view name, std::string_view data) {
  xml::Document made(ns_of(profile), name);
  if (!data.empty()) made.root().add_text(base::base64(data));
  return made;
}

}  // namespace

Profile profile_of(const xml::Element& element) { return element.ns() == ns::sasl2 ? Profile::sasl2 : Profile::sasl; }

InitialResponse read_initial_response(const xml::Element& auth) {
  const Profile profile = profile_of(auth);
  const xml::Element* from = profile == Profile::sasl ? &auth : auth.child(ns::sasl2, "initial-response");
  if (from == nullptr) return std::nullopt;
  const std::string text = from->text();
  if (profile == Profile::sasl && text.empty()) return std::nullopt;  // RFC 6120 6.4.2
  auto data = decode(profile, text);
  if (!data) return std::unexpected(std::move(data.error()));
  return *std::move(data);
}

base::Result<std::string, Failure> read_response(const xml::Element& response) {
  return decode(profile_of(response), response.text());
}

std::string challenge_xml(Profile profile, std::string_view data) {
  return xml::to_string(element(profile, "challenge", data).root());
}

std::string failure_xml(Profile profile, const Failure& failure) {
  xml::Document made(ns_of(profile), "failure");
  made.root().add(to_string(failure.condition), ns::sasl);
  if (!failure.text.empty()) {
    made.root().add("text").add_text(failure.text).set_attr("lang", "en", xml::kXmlNamespace);
  }
  return xml::to_string(made.root());
}

std::string success_xml(std::string_view data) {
  return xml::to_string(element(Profile::sasl, "success", data).root());
}

std::string success_xml(std::string_view data, std::string_view identity, std::string_view results) {
  std::string out = "<success xmlns='" + std::string(ns::sasl2) + "'>";
  if (!data.empty()) out.append("<additional-data>").append(base::base64(data)).append("</additional-data>");
  out.append("<authorization-identifier>");
  xml::escape_text(identity, out);
  return out.append("</authorization-identifier>").append(results).append("</success>");
}

}  // namespace stream
