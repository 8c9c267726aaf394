// Ad-hoc commands of hosts (XEP-0050): runs what is registered, and tells of it.
#pragma once

#include <string_view>

#include "features/feature.h"

namespace features {

void add_commands(const Environment& environment);

/// disco#info and disco#items of a host's node, for who may run what is there; false: it is none of commands.
bool command_info(const router::Registry& registry, const router::HostSettings& host, const xmpp::Jid& who,
                  std::string_view node, xml::Element& query);
bool command_items(const router::Registry& registry, const router::HostSettings& host, const xmpp::Jid& who,
                   std::string_view node, xml::Element& query);

}  // namespace features
