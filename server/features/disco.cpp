#include "features/disco.h"

#include <algorithm>
#include <string>
#include <utility>

#include "features/commands.h"
#include "features/disco_info.h"
#include "router/token_service.h"
#include "xmpp/ns.h"

namespace features {
namespace {

namespace ns = xmpp::ns;
using xmpp::Condition;

constexpr router::Xep kDisco{30, "2.5.0", "Service Discovery"};

void server_info_asked(const Environment& environment, router::Responder responder) {
  const router::HostSettings* host = environment.router.settings().host(responder.request().to().domain());
  if (host == nullptr) return responder.error(Condition::service_unavailable);
  const std::string_view node = responder.payload().attr("node");
  if (!node.empty()) {
    xml::Document command(ns::disco_info, "query");
    command.root().set_attr("node", node);
    if (command_info(environment.registry, *host, responder.request().from(), node, command.root()))
      return responder.result(command);
  }
  xml::Document info = server_info(environment.registry, *host);
  // XEP-0115 6.2 asks for the node that it announced; there is no other.
  if (!node.empty() && node != caps_node(*host) + '#' + verification_string(info.root())) {
    return responder.error(Condition::item_not_found);
  }
  if (!node.empty()) info.root().set_attr("node", node);
  responder.result(info);
}

/// Components of a host: below its name, or below the name of no host at all. Room services belong to those who name
/// them, the proxy and uploads to all; what only the bus knows is nobody's.
bool belongs_to(std::string_view domain, const router::HostSettings& host, const router::Settings& settings) {
  if (domain == router::kTokenService) return false;
  if (std::ranges::any_of(settings.services(), [domain](const xmpp::Jid& one) { return one.str() == domain; }))
    return true;
  if (settings.host(domain) != nullptr || settings.room_service(domain) != nullptr) return false;
  const auto below = [domain](const router::HostSettings& one) {
    return domain.ends_with('.' + std::string(one.domain.str()));
  };
  return below(host) || std::ranges::none_of(settings.hosts(), below);
}

void server_items_asked(const Environment& environment, router::Responder responder) {
  const router::Settings& settings = environment.router.settings();
  const router::HostSettings* host = settings.host(responder.request().to().domain());
  if (host == nullptr) return responder.error(Condition::service_unavailable);
  xml::Document items(ns::disco_items, "query");
  const std::string_view node = responder.payload().attr("node");
  if (!node.empty()) {
    items.root().set_attr("node", node);
    if (!command_items(environment.registry, *host, responder.request().from(), node, items.root()))
      return responder.error(Condition::item_not_found);
    return responder.result(items);
  }
  // XEP-0045 6.1: where a client finds its rooms.
  if (const router::RoomService* rooms = settings.room_service(host->rooms.str())) {
    items.root().add("item").set_attr("jid", rooms->domain.str()).set_attr("name", rooms->name);
  }
  for (const std::string_view domain : environment.router.claimed()) {
    if (belongs_to(domain, *host, settings)) items.root().add("item").set_attr("jid", domain);
  }
  responder.result(items);
}

/// XEP-0030 8: an account shows itself to those who get its presence; to others it looks like one that isn't there.
bool may_see(const router::AccountView& account, const xmpp::Jid& who) {
  if (xmpp::same_bare(account.jid(), who)) return true;
  const auto subscription = account.subscription(who);
  return subscription == router::SubscriptionState::from || subscription == router::SubscriptionState::both;
}

/// The account that was asked, unless the asker is refused.
router::AccountView* visible_account(const Environment& environment, router::Responder& responder) {
  const router::Packet& request = responder.request();
  router::AccountView* account = environment.accounts.account(request.to().bare());
  if (account == nullptr || !may_see(*account, request.from())) {
    responder.error(Condition::service_unavailable);
    return nullptr;
  }
  if (responder.payload().attr("node").empty()) return account;
  responder.error(Condition::item_not_found);
  return nullptr;
}

void account_info_asked(const Environment& environment, router::Responder responder) {
  const router::AccountView* account = visible_account(environment, responder);
  if (account == nullptr) return;
  xml::Document info(ns::disco_info, "query");
  info.root().add("identity").set_attr("category", "account").set_attr("type", "registered");
  for (const std::string_view var : environment.registry.features(router::Target::account, account->host())) {
    info.root().add("feature").set_attr("var", var);
  }
  responder.result(info);
}

void account_items_asked(const Environment& environment, router::Responder responder) {
  if (visible_account(environment, responder) != nullptr) responder.result(xml::Document(ns::disco_items, "query"));
}

}  // namespace

void add_disco(const Environment& environment) {
  using router::Target;
  router::Registry& registry = environment.registry;
  registry.xep(kDisco);
  registry.feature(Target::server | Target::account, ns::disco_info);
  registry.feature(Target::server | Target::account, ns::disco_items);
  const auto on_get = [&](Target target, std::string_view ns, auto answer) {
    registry.iq(xmpp::Type::get, target, ns, "query",
                [environment, answer](router::Responder responder) { answer(environment, std::move(responder)); });
  };
  on_get(Target::server, ns::disco_info, server_info_asked);
  on_get(Target::server, ns::disco_items, server_items_asked);
  on_get(Target::account, ns::disco_info, account_info_asked);
  on_get(Target::account, ns::disco_items, account_items_asked);
}

}  // namespace features
