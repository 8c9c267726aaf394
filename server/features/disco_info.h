// What a host says about itself, and its fingerprint.
#pragma once

#include <string>

#include "router/registry.h"
#include "router/settings.h"

namespace features {

/// `<query xmlns='http://jabber.org/protocol/disco#info'/>` of a host.
xml::Document server_info(const router::Registry& registry, const router::HostSettings& host);

/// The verification string of a disco#info `query` with SHA-1 (XEP-0115 5.1).
std::string verification_string(const xml::Element& query);

/// The `node` under which a host announces its capabilities (XEP-0115 4).
std::string caps_node(const router::HostSettings& host);

}  // namespace features
