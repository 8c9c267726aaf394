#include "c2s/registration.h"

#include <string>
#include <utility>

#include "xmpp/ns.h"

namespace c2s {
namespace {

constexpr std::string_view kNamespace = xmpp::ns::registration;

/// RFC 6120 8.1.2.1: what the server says on its own behalf comes from the host.
xml::Document from_host(xml::Document iq, std::string_view host) {
  iq.root().set_attr("from", host);
  return iq;
}

}  // namespace

base::Result<Registration, xmpp::StanzaError> read_registration(const xmpp::Stanza& request, std::string_view host) {
  using xmpp::Condition;
  const xml::Element& query = *request.payload();
  // XEP-0077 3.2.1: nobody knows whose account this stream could mean.
  if (query.child(kNamespace, "remove") != nullptr) return std::unexpected(Condition::unexpected_request);
  const std::string username = query.child_text(kNamespace, "username");
  std::string password = query.child_text(kNamespace, "password");
  if (username.empty() || password.empty()) return std::unexpected(Condition::not_acceptable);
  auto account = xmpp::Jid::make(username, host);
  if (!account) return std::unexpected(xmpp::StanzaError(Condition::not_acceptable, account.error().why));
  return Registration{*std::move(account), base::Secret(std::move(password))};
}

xml::Document registration_form(const xmpp::Stanza& request, std::string_view host) {
  xml::Document iq = xmpp::make_result(request);
  xml::Element& query = iq.root().add("query", kNamespace);
  query.add_text_child("instructions", "Choose a user name and a password.");
  query.add("username");
  query.add("password");
  return from_host(std::move(iq), host);
}

xml::Document registration_result(const xmpp::Stanza& request, std::string_view host) {
  return from_host(xmpp::make_result(request), host);
}

xml::Document registration_error(std::string_view id, const xmpp::StanzaError& error, std::string_view host) {
  xml::Document request = xmpp::make_iq(xmpp::Type::set, id.empty() ? "?" : id);
  request.root().add("query", kNamespace);
  xml::Document iq = xmpp::materialise(*xmpp::make_error(*xmpp::share(std::move(request)), error), {}, {}, {});
  if (id.empty()) iq.root().remove_attr("id");
  return from_host(std::move(iq), host);
}

}  // namespace c2s
