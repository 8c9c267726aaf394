#include "features/private.h"

#include <string>
#include <utility>

#include "features/answer.h"
#include "xml/writer.h"
#include "xmpp/stored.h"

namespace features {
namespace {

using router::Responder;
using xmpp::Condition;
using xmpp::StanzaError;

constexpr std::string_view kNs = "jabber:iq:private";

void answer_with(Responder answer, const base::Result<std::optional<std::string>>& kept) {
  if (!kept) return answer.error(storage_failed());
  xml::Document query(kNs, "query");
  const auto element = *kept ? xmpp::from_stored(**kept) : std::nullopt;
  if (element) {
    query.root().add_copy(element->root());
  } else {
    const xml::Element& asked = *answer.payload().first_child();
    query.root().add(asked.name(), asked.ns());
  }
  answer.result(query);
}

void get(const Environment& environment, Responder answer) {
  if (!is_own(answer.request())) return answer.error(Condition::forbidden);
  const xml::Element* asked = answer.payload().first_child();
  if (asked == nullptr || answer.payload().next_child(*asked) != nullptr)
    return answer.error({Condition::bad_request, "ask for one element"});
  auto read = [owner = std::string(answer.request().to().bare_str()), ns = std::string(asked->ns()),
               name = std::string(asked->name())](store::Reader& reader) {
    return reader.private_xml(owner, ns, name);
  };
  environment.store.read(environment.router.loop(), std::move(read),
                         [answer = std::move(answer)](const base::Result<std::optional<std::string>>& kept) mutable {
                           answer_with(std::move(answer), kept);
                         });
}

/// What a set leaves: the rows, and how many bytes they hold.
struct Change {
  store::UnitRef unit = base::make_ref<store::Unit>();
  std::size_t bytes = 0;
};

base::Result<Change, StanzaError> change_of(const xml::Element& query, const std::string& owner, std::size_t most) {
  Change change;
  for (const xml::Element& element : children(query)) {
    // Section 3: each has a namespace of its own.
    if (element.ns().empty() || element.ns() == kNs) return std::unexpected(StanzaError(Condition::not_acceptable));
    std::string ns(element.ns());
    std::string name(element.name());
    if (element.nodes() == nullptr && element.attributes() == nullptr) {
      // A get makes an empty element up, so none needs to be kept.
      change.unit->add(store::PrivateDelete{owner, std::move(ns), std::move(name)});
      continue;
    }
    std::string text = xml::to_string(element);
    if (text.size() > most)
      return std::unexpected(StanzaError(Condition::policy_violation, "the element is too large"));
    change.bytes += text.size();
    change.unit->add(store::PrivatePut{owner, std::move(ns), std::move(name), std::move(text)});
  }
  if (change.unit->empty()) return std::unexpected(StanzaError(Condition::not_acceptable, "nothing to keep"));
  return change;
}

void set(const Environment& environment, Responder answer) {
  if (!is_own(answer.request())) return answer.error(Condition::forbidden);
  const std::string owner(answer.request().to().bare_str());
  const router::Limits& limits = environment.router.settings().limits();
  auto change = change_of(answer.payload(), owner, limits.private_bytes);
  if (!change) return answer.error(change.error());
  // What is replaced counts twice, so that the bound holds whatever is on its way already.
  environment.store.read(
      environment.router.loop(), [owner](store::Reader& reader) { return reader.private_bytes(owner); },
      [environment, answer = std::move(answer), change = *std::move(change),
       most = limits.private_total_bytes](const base::Result<std::int64_t>& kept) mutable {
        if (!kept) return answer.error(storage_failed());
        if (change.bytes > 0 && static_cast<std::size_t>(*kept) + change.bytes > most)
          return answer.error({Condition::resource_constraint, xmpp::ErrorType::cancel, "private storage is full"});
        answer_when_stored(environment, std::move(change.unit), std::move(answer));
      });
}

}  // namespace

void add_private(const Environment& environment) {
  environment.registry.xep({49, "1.2", "Private XML Storage"});
  environment.registry.feature(router::Target::server | router::Target::account, kNs);
  environment.registry.iq(xmpp::Type::get, router::Target::account, kNs, "query",
                          [environment](Responder answer) { get(environment, std::move(answer)); });
  environment.registry.iq(xmpp::Type::set, router::Target::account, kNs, "query",
                          [environment](Responder answer) { set(environment, std::move(answer)); });
}

}  // namespace features
