#include "features/commands.h"

#include <algorithm>
#include <utility>

#include "router/command.h"
#include "xmpp/ns.h"

namespace features {
namespace {

using router::HostCommand;
using xmpp::Condition;

constexpr router::Xep kXep{50, "1.3.0", "Ad-Hoc Commands"};

const HostCommand* find(const router::Registry& registry, std::string_view node) {
  const auto found = std::ranges::find(registry.commands(), node, &HostCommand::node);
  return found == registry.commands().end() ? nullptr : &*found;
}

void run(const Environment& environment, router::Responder responder) {
  const router::Packet& request = responder.request();
  const router::HostSettings* host = environment.router.settings().host(request.to().domain());
  const HostCommand* command = find(environment.registry, responder.payload().attr("node"));
  if (host == nullptr || command == nullptr) return responder.error(Condition::item_not_found);
  if (!command->may(*host, request.from())) return responder.error(Condition::forbidden);
  const std::string_view action = responder.payload().attr("action");
  if (action == "cancel") return router::cancel(responder);
  // 3.4: there is one stage only, and nothing before it.
  if (!action.empty() && action != "execute" && action != "complete" && action != "next")
    return responder.error(Condition::bad_request);
  command->run(std::move(responder));
}

}  // namespace

void add_commands(const Environment& environment) {
  environment.registry.xep(kXep);
  environment.registry.iq(xmpp::Type::set, router::Target::server, router::kCommands, "command",
                          [environment](router::Responder responder) { run(environment, std::move(responder)); });
}

bool command_info(const router::Registry& registry, const router::HostSettings& host, const xmpp::Jid& who,
                  std::string_view node, xml::Element& query) {
  const HostCommand* command = find(registry, node);
  if (node != router::kCommands && (command == nullptr || !command->may(host, who))) return false;
  xml::Element& identity = query.add("identity").set_attr("category", "automation");
  if (command == nullptr) {
    identity.set_attr("type", "command-list");
    return true;
  }
  identity.set_attr("type", "command-node").set_attr("name", command->name);
  for (const std::string_view var : {router::kCommands, xmpp::ns::data_forms})
    query.add("feature").set_attr("var", var);
  return true;
}

bool command_items(const router::Registry& registry, const router::HostSettings& host, const xmpp::Jid& who,
                   std::string_view node, xml::Element& query) {
  if (node != router::kCommands) return false;
  for (const HostCommand& command : registry.commands()) {
    if (!command.may(host, who)) continue;
    query.add("item").set_attr("jid", host.domain.str()).set_attr("node", command.node).set_attr("name", command.name);
  }
  return true;
}

}  // namespace features
