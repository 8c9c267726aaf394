// Archiving preferences (XEP-0441).
#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "features/archive_state.h"
#include "store/unit.h"

namespace features::archive {
namespace {

using namespace std::string_view_literals;

/// In the order of store::ArchiveDefault.
constexpr std::array kDefaults{"always"sv, "never"sv, "roster"sv};
static_assert(kDefaults.size() == std::to_underlying(store::ArchiveDefault::roster) + 1U);

using Refused = std::unexpected<xmpp::StanzaError>;

base::Result<std::vector<std::string>, xmpp::StanzaError> read_list(const xml::Element& prefs, std::string_view name,
                                                                    std::size_t most) {
  std::vector<std::string> list;
  const xml::Element* element = prefs.child(kNamespace, name);
  if (element == nullptr) return list;
  for (const xml::Element& child : xml::children(*element)) {
    if (!child.is(kNamespace, "jid")) continue;
    const auto jid = xmpp::Jid::parse(child.text());
    if (!jid) return Refused(xmpp::Condition::jid_malformed);
    if (list.size() == most)
      return Refused(xmpp::StanzaError(xmpp::Condition::resource_constraint, "too many addresses"));
    list.emplace_back(jid->str());
  }
  std::ranges::sort(list);
  list.erase(std::ranges::unique(list).begin(), list.end());
  return list;
}

base::Result<store::ArchivePrefs, xmpp::StanzaError> read(const xml::Element& prefs, std::size_t most) {
  const auto otherwise = std::ranges::find(kDefaults, prefs.attr("default"));
  if (otherwise == kDefaults.end()) {
    return Refused(xmpp::StanzaError(xmpp::Condition::bad_request, "default is always, never or roster"));
  }
  auto always = read_list(prefs, "always", most);
  if (!always) return std::unexpected(always.error());
  auto never = read_list(prefs, "never", most);
  if (!never) return std::unexpected(never.error());
  return store::ArchivePrefs{.otherwise = static_cast<store::ArchiveDefault>(otherwise - kDefaults.begin()),
                             .always = *std::move(always),
                             .never = *std::move(never)};
}

xml::Document write(const store::ArchivePrefs& prefs) {
  xml::Document document(kNamespace, "prefs");
  xml::Element& root = document.root();
  root.set_attr("default", kDefaults.at(std::to_underlying(prefs.otherwise)));
  // 2.1: both lists are there even when they are empty.
  xml::Element& always = root.add("always");
  for (const std::string& jid : prefs.always) always.add_text_child("jid", jid);
  xml::Element& never = root.add("never");
  for (const std::string& jid : prefs.never) never.add_text_child("jid", jid);
  return document;
}

void change(const Archive& archive, router::Responder responder) {
  router::AccountView* account = archive.admit(responder);
  if (account == nullptr) return;
  const std::size_t most = archive.environment.router.settings().limits().archive_prefs;
  auto prefs = read(responder.payload(), most);
  if (!prefs) return responder.error(prefs.error());
  auto unit = base::make_ref<store::Unit>();
  unit->add(store::ArchivePrefsPut{.owner = std::string(account->jid().str()), .prefs = *prefs});
  // In memory at once, so that the next message is judged by it; the answer waits until it is durable.
  store::ArchivePrefs before = std::exchange(archive.state(*account).prefs.get(), *std::move(prefs));
  archive.environment.store.write(
      std::move(unit), archive.environment.router.loop(),
      [archive, before = std::move(before),
       kept = std::make_unique<router::Responder>(std::move(responder))](const base::Result<void>& done) {
        router::AccountView* owner = archive.environment.accounts.account(kept->request().to().bare());
        if (!done && owner != nullptr) archive.state(*owner).prefs.get() = before;
        if (!done || owner == nullptr) {
          return kept->error({xmpp::Condition::internal_server_error, xmpp::ErrorType::wait});
        }
        kept->result(write(*archive.state(*owner).prefs));
      });
}

void show(const Archive& archive, router::Responder responder) {
  router::AccountView* account = archive.admit(responder);
  if (account != nullptr) responder.result(write(*archive.state(*account).prefs));
}

/// 2.3.1: a listed bare address means all its resources.
bool lists(const std::vector<std::string>& list, const xmpp::Jid& peer) {
  return std::ranges::binary_search(list, peer.str()) || std::ranges::binary_search(list, peer.bare_str());
}

}  // namespace

bool wants(const store::ArchivePrefs& prefs, router::AccountView& account, const xmpp::Jid& peer) {
  if (lists(prefs.always, peer)) return true;
  if (lists(prefs.never, peer)) return false;
  if (prefs.otherwise == store::ArchiveDefault::roster) return account.subscription(peer).has_value();
  return prefs.otherwise == store::ArchiveDefault::always;
}

void add_prefs(const Archive& archive) {
  using router::Target;
  router::Registry& registry = archive.environment.registry;
  registry.iq(xmpp::Type::get, Target::account, kNamespace, "prefs",
              [archive](router::Responder responder) { show(archive, std::move(responder)); });
  registry.iq(xmpp::Type::set, Target::account, kNamespace, "prefs",
              [archive](router::Responder responder) { change(archive, std::move(responder)); });
}

}  // namespace features::archive
