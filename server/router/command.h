// Ad-hoc commands of hosts (XEP-0050): complete in one step, so that nothing is remembered of those under way.
#pragma once

#include <string_view>

#include "router/registry.h"

namespace router {

inline constexpr std::string_view kCommands = "http://jabber.org/protocol/commands";

/// Ends a command with what it gives.
void complete(Responder& asker, const xml::Element& form);
/// Ends it with nothing done.
void cancel(Responder& asker);

}  // namespace router
