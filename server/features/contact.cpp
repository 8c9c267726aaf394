#include "features/contact.h"

#include "xmpp/data_form.h"

namespace features {
namespace {

constexpr router::Xep kContact{157, "1.1.1", "Contact Addresses for XMPP Services"};
constexpr router::Xep kExtensions{128, "1.0.1", "Service Discovery Extensions"};
constexpr std::string_view kFormType = "http://jabber.org/network/serverinfo";

void add_addresses(const router::HostSettings& host, xml::Element& query) {
  if (host.admin_contacts.empty()) return;
  xmpp::add_form(query, xmpp::FormType::result, kFormType,
                 {{.var = "admin-addresses", .type = xmpp::FieldType::list_multi, .values = host.admin_contacts}});
}

}  // namespace

void add_contact(const Environment& environment) {
  environment.registry.xep(kContact);
  environment.registry.xep(kExtensions);
  environment.registry.disco_form(add_addresses);
}

}  // namespace features
