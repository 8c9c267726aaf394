// In-band registration before login (XEP-0077 3.1): what is asked for, what was sent, what is answered. Changing and
// removing an account belong to who is logged in.
#pragma once

#include <string_view>

#include "base/result.h"
#include "base/secret.h"
#include "router/packet.h"

namespace c2s {

struct Registration {
  xmpp::Jid account;
  base::Secret password;
};

/// What a set asks for on this host.
base::Result<Registration, xmpp::StanzaError> read_registration(const xmpp::Stanza& request, std::string_view host);

// ---- answers of `host` ----

/// The fields to fill in.
xml::Document registration_form(const xmpp::Stanza& request, std::string_view host);
xml::Document registration_result(const xmpp::Stanza& request, std::string_view host);
/// For an iq that could not even be parsed too.
xml::Document registration_error(std::string_view id, const xmpp::StanzaError& error, std::string_view host);

}  // namespace c2s
