#include "features/vcard.h"

#include <string>
#include <utility>

#include "features/answer.h"
#include "xml/writer.h"
#include "xmpp/stored.h"

namespace features {
namespace {

using router::Responder;
using xmpp::Condition;

constexpr std::string_view kNs = "vcard-temp";

void get(const Environment& environment, Responder answer) {
  const std::string owner(answer.request().to().bare_str());
  environment.store.read(
      environment.router.loop(), [owner](store::Reader& reader) { return reader.vcard(owner); },
      [answer = std::move(answer)](const base::Result<std::optional<std::string>>& kept) mutable {
        if (!kept) return answer.error(storage_failed());
        const auto vcard = *kept ? xmpp::from_stored(**kept) : std::nullopt;
        if (vcard) return answer.result(*vcard);
        // Section 3.3: to others the same as for an account that doesn't exist.
        answer.error(is_own(answer.request()) ? Condition::item_not_found : Condition::service_unavailable);
      });
}

void set(const Environment& environment, Responder answer) {
  if (!is_own(answer.request())) return answer.error(Condition::forbidden);
  std::string text = xml::to_string(answer.payload());
  if (text.size() > environment.router.settings().limits().private_bytes)
    return answer.error({Condition::policy_violation, "the vCard is too large"});
  auto unit = base::make_ref<store::Unit>();
  unit->add(store::VcardPut{std::string(answer.request().to().bare_str()), std::move(text)});
  answer_when_stored(environment, std::move(unit), std::move(answer));
}

}  // namespace

void add_vcard(const Environment& environment) {
  environment.registry.xep({54, "1.3.0", "vcard-temp"});
  environment.registry.feature(router::Target::server | router::Target::account, kNs);
  environment.registry.iq(xmpp::Type::get, router::Target::account, kNs, "vCard",
                          [environment](Responder answer) { get(environment, std::move(answer)); });
  environment.registry.iq(xmpp::Type::set, router::Target::account, kNs, "vCard",
                          [environment](Responder answer) { set(environment, std::move(answer)); });
}

}  // namespace features
